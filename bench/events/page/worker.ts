import { expose } from 'comlink'
import type { Update } from '../../../workers/contract/updates.ts'
import { createUpdateBus, type UpdateBus } from '../../../workers/engine/update-bus.ts'

/** The engine's side: the real update bus over the port that it has in the product, fed with made updates. */
let bus: UpdateBus | undefined

const commands = {
  start(updates: MessagePort): void {
    bus = createUpdateBus((batch) => updates.postMessage(batch))
  },
  /** Emits `count` updates, `perSecond` of them in a second or as many as a turn of 1 ms holds; resolves when all are. */
  async flood(count: number, perSecond: number): Promise<void> {
    const started = performance.now()
    for (let n = 0; n < count; ) {
      const due = Math.min(count, Math.ceil(((performance.now() - started) / 1_000) * perSecond), n + maxInTurn)
      for (; n < due; n++) bus?.emit(toUpdate(n))
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    bus?.emit({
      kind: 'notice',
      id: `last of ${count}`,
      level: 'info',
      name: 'Internal',
      reason: { code: 'cancelled' },
    })
  },
}

export type EventsBenchCommands = typeof commands

expose(commands)

/** More than any part of the engine emits without a pause. */
const maxInTurn = 100

/** Installs under way at once, more than a person begins. */
const transfers = 20
const packages = 10_000

/**
 * As in a busy minute: half of the news are who holds a package, most others the progress of installs, and now and then
 * the catalogue has changed or a publication is on its way.
 */
const toUpdate = (n: number): Update => {
  if (n % 2 === 0) return { kind: 'package', id: `publisher/package-${(n / 2) % packages}` }
  if (n % 16 === 1) return { kind: 'catalogue', revision: n, size: packages + n, changed: [] }
  if (n % 16 === 9)
    return {
      kind: 'publication',
      publication: {
        id: 'publisher/own',
        slug: 'own',
        version: '1.0.0',
        state: 'sending',
        acknowledgements: n,
        announcedTo: n,
        publishedAt: 1,
      },
    }
  return {
    kind: 'transfer',
    transfer: {
      id: `transfer-${(n >> 1) % transfers}`,
      specs: [`package-${n % transfers}`],
      state: 'fetching',
      bytes: n,
      // When it was said, by the clock that page and worker share.
      totalBytes: 1e6,
      sources: 3,
      startedAt: performance.timeOrigin + performance.now(),
    },
  }
}
