import { expect, test } from 'vitest'
import { unlessAborted } from './unless-aborted.ts'

test('the outcome of the work, when it comes first', async () => {
  const { signal } = new AbortController()
  await expect(unlessAborted(Promise.resolve(1), signal)).resolves.toBe(1)
  await expect(unlessAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken')
})

test('the reason of the signal, when that comes first or was there before', async () => {
  const controller = new AbortController()
  const waiting = unlessAborted(new Promise(() => {}), controller.signal)
  controller.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await expect(unlessAborted(new Promise(() => {}), controller.signal)).rejects.toThrow('enough')
})
