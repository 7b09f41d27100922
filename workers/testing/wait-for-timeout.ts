import { vi } from 'vitest'

/**
 * Default timeout of `vi.waitFor` and `vi.waitUntil` (ms), shortly before that of the test itself. Vitest's default of
 * a second is too short on a busy machine.
 */
const timeoutMs = 100_000

type Options = number | { timeout?: number; interval?: number }

const withTimeout = (options: Options = {}): { timeout: number; interval?: number } =>
  typeof options === 'number' ? { timeout: options } : { timeout: timeoutMs, ...options }

const { waitFor, waitUntil } = vi
vi.waitFor = (callback, options) => waitFor(callback, withTimeout(options))
vi.waitUntil = (callback, options) => waitUntil(callback, withTimeout(options))
