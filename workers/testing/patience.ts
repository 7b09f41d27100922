import { vi } from 'vitest'

/**
 * What is waited for in a test comes when it comes: without a limit of its own, `vi.waitFor` gives up after a second,
 * which a busy machine takes for anything. Here it is given up shortly before the test itself is, by its name.
 */
const hangMs = 100_000

type Options = number | { timeout?: number; interval?: number }

const patient = (options: Options = {}): { timeout: number; interval?: number } =>
  typeof options === 'number' ? { timeout: options } : { timeout: hangMs, ...options }

const { waitFor, waitUntil } = vi
vi.waitFor = (look, options) => waitFor(look, patient(options))
vi.waitUntil = (look, options) => waitUntil(look, patient(options))
