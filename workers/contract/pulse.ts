/**
 * Liveness of the engine's worker: the page pings, and the worker's event loop answers, independently of the engine.
 * The worker also sends one pong when it begins; before that its script may still be loading.
 *
 * These messages share the worker's port with comlink, which ignores messages of other types.
 */
export type PulseMessage = { ggen: 'ping' | 'pong' }

export const isPulse = (data: unknown, kind: PulseMessage['ggen']): boolean =>
  typeof data === 'object' && data !== null && Reflect.get(data, 'ggen') === kind
