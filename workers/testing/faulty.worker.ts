import { surviveUncaughtErrors } from '../engine/uncaught-errors-in-worker.ts'

/** A worker that fails as a message requests, and then answers. */
const lines: string[] = []
surviveUncaughtErrors(
  self,
  (line) => lines.push(line),
  () => performance.now(),
)

const faults: Record<string, () => void> = {
  thrown() {
    throw new Error('thrown')
  },
  nothing() {
    throw undefined
  },
  rejected: () => void Promise.reject(new Error('rejected')),
  'rejected with nothing': () => void Promise.reject(null),
  listener() {
    const target = new EventTarget()
    target.addEventListener('message', () => {
      throw Object.create(null)
    })
    target.dispatchEvent(new Event('message'))
  },
  many() {
    for (let count = 0; count < 3_000; count += 1) void Promise.reject(new Error('many'))
  },
}

self.onmessage = ({ data }: MessageEvent<string>) => {
  setTimeout(() => self.postMessage({ after: data, lines: lines.length }), 50)
  faults[data]?.()
}
