/**
 * How a page sees that its engine's worker still runs: it pings, and the worker's event loop answers, whatever the engine
 * is doing. The worker also says so once when it begins: before that its script may still be loading.
 *
 * These messages share the worker's port with comlink, which ignores what has no type of its own.
 */
export type PulseMessage = { ggen: 'ping' | 'pong' }

export const isPulse = (data: unknown, kind: PulseMessage['ggen']): boolean =>
  typeof data === 'object' && data !== null && Reflect.get(data, 'ggen') === kind
