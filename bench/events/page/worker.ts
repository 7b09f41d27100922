import { expose } from 'comlink'
import type { Update } from '../../../workers/contract/updates.ts'
import { createUpdateBus, type UpdateBus } from '../../../workers/engine/update-bus.ts'

/** The engine's side: the real update bus over its usual port, with synthetic updates. */
let bus: UpdateBus | undefined

const commands = {
  start(updates: MessagePort): void {
    bus = createUpdateBus((batch) => updates.postMessage(batch))
  },
  /** Emits `count` updates at `perSecond`, limited by `maxPerTurn` each millisecond; resolves when all are emitted. */
  async flood(count: number, perSecond: number): Promise<void> {
    const started = performance.now()
    for (let n = 0; n < count; ) {
      const due = Math.min(count, Math.ceil(((performance.now() - started) / 1_000) * perSecond), n + maxPerTurn)
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

/** More updates than any part of the engine emits in one turn of the event loop. */
const maxPerTurn = 100

/** Concurrent installs, more than a person starts. */
const transfers = 20
const packages = 10_000

/**
 * The mix of a busy minute: half of the updates are about providers of a package, most others about the progress of
 * installs, and a few about the catalogue or a publication.
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
      totalBytes: 1e6,
      sources: 3,
      // Carries the time of emission, by the clock that page and worker share.
      startedAt: performance.timeOrigin + performance.now(),
    },
  }
}
