import type { CDPSession, Page } from '@playwright/test'

/**
 * Measures the memory of a page and its dedicated workers after garbage collection: JavaScript objects, their
 * counterparts in the browser (DOM nodes) and array buffers. Compiled code, the network stack, rendering and IndexedDB
 * are not included.
 */
export interface BrowserHeap {
  measure(): Promise<{ pageBytes: number; workerBytes: number; workers: number }>
  stop(): Promise<void>
}

/** Attaches to a page through the DevTools protocol, including workers that it starts later. */
export const watchBrowserHeap = async (page: Page): Promise<BrowserHeap> => {
  const session = await page.context().newCDPSession(page)
  const workers = new Set<string>()
  session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type === 'worker') workers.add(sessionId)
  })
  session.on('Target.detachedFromTarget', ({ sessionId }) => workers.delete(sessionId))
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
  const askWorker = createWorkerCalls(session)
  const heapOf = async (ask: Ask): Promise<number> => {
    // Two collections: the second frees the garbage of the finalizers that the first runs.
    for (const _ of [1, 2]) await ask('HeapProfiler.collectGarbage')
    const usage = (await ask('Runtime.getHeapUsage')) as Record<string, number>
    return (usage['usedSize'] ?? 0) + (usage['embedderHeapUsedSize'] ?? 0) + (usage['backingStorageSize'] ?? 0)
  }
  return {
    async measure() {
      let workerBytes = 0
      for (const worker of workers) workerBytes += await heapOf((method) => askWorker(worker, method))
      const pageBytes = await heapOf((method) => session.send(method))
      return { pageBytes, workerBytes, workers: workers.size }
    },
    stop: () => session.detach(),
  }
}

type Ask = (method: 'HeapProfiler.collectGarbage' | 'Runtime.getHeapUsage') => Promise<unknown>

/** Sends commands to a worker, nested in messages to its page. */
const createWorkerCalls = (session: CDPSession) => {
  const waiting = new Map<string, (result: unknown) => void>()
  let calls = 0
  session.on('Target.receivedMessageFromTarget', ({ sessionId, message }) => {
    const { id, result } = JSON.parse(message) as { id?: number; result?: unknown }
    const key = `${sessionId}:${id}`
    waiting.get(key)?.(result)
    waiting.delete(key)
  })
  return (sessionId: string, method: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      calls += 1
      waiting.set(`${sessionId}:${calls}`, resolve)
      session
        .send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: calls, method }) })
        .catch(reject)
    })
}
