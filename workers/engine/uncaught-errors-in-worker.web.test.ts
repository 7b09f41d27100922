import { expect, onTestFinished, test } from 'vitest'

test('a worker survives uncaught errors and rejections, and its page sees no crash', async () => {
  const worker = new Worker(new URL('../testing/faulty.worker.ts', import.meta.url), { type: 'module' })
  onTestFinished(() => worker.terminate())
  const crashes: string[] = []
  worker.onerror = (event) => {
    event.preventDefault()
    crashes.push(event.message)
  }
  const ask = (fault: string): Promise<{ after: string; lines: number }> =>
    new Promise((resolve) => {
      worker.addEventListener('message', ({ data }) => resolve(data), { once: true })
      worker.postMessage(fault)
    })
  for (const fault of ['thrown', 'nothing', 'rejected', 'rejected with nothing', 'listener'])
    expect((await ask(fault)).after).toBe(fault)
  expect((await ask('none')).lines).toBe(5)
  // All errors are counted, few are logged.
  expect((await ask('many')).after).toBe('many')
  expect((await ask('none')).lines).toBeLessThan(20)
  expect(crashes).toEqual([])
})
