import type { Page } from '@playwright/test'
import { makePackage } from '../../e2e/fixtures/packages.ts'
import { withStage } from '../lib/browsers.ts'
import type { Figure } from '../lib/measurement.ts'

/** Tabs that open at once, each in its own context of one browser; all share the machine's cores. */
const sizes = (process.env['CROWD_TABS'] ?? '4,8,16').split(',').map(Number)
const rounds = Number(process.env['CROWD_ROUNDS'] ?? 5)

/** Time after which a tab counts as having missed the announcement (ms). */
const giveUpMs = 40_000

/**
 * Measures how fast an announcement reaches all peers when all are new: tabs open at once over a relay that has just
 * started, and the first of them publishes at once, before it has a direct peer.
 *
 * The time runs from the last tab's connection to the relay until each tab lists the package.
 */
export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* withStage<Figure>(async function* ({ open, relay }) {
    for (const size of sizes) {
      const seen: number[] = []
      const lasts: number[] = []
      const connecting: number[] = []
      log(`${rounds} times ${size} tabs open at once`)
      for (let round = 0; round < rounds; round += 1) {
        // A restarted relay has no announcements to replay.
        await relay.restart()
        const openedAt = now()
        const { files } = makePackage(`crowd-${round}`, '1.0.0')
        const tabs = await Promise.all(
          Array.from({ length: size }, async (_, n) => {
            const tab = await open()
            const watched = watch(tab.page)
            if (n === 0) await tab.publish(files)
            return { ...tab, ...(await watched) }
          }),
        )
        const connectedAt = Math.max(...tabs.map(({ connectedAt }) => connectedAt))
        const waits = tabs.slice(1).map(({ seenAt }) => Math.max(0, seenAt - connectedAt))
        seen.push(...waits)
        lasts.push(Math.max(...waits))
        connecting.push(connectedAt - openedAt)
        for (const { context } of tabs) await context.close()
      }
      yield { scenario: `${size} tabs: opened to last one connected`, unit: 'ms', samples: connecting }
      yield {
        scenario: `${size} tabs: last one connected to news seen`,
        unit: 'ms',
        samples: seen,
        target: 3_000,
        targetAt: 'p95',
      }
      yield { scenario: `${size} tabs: the same, at the last tab`, unit: 'ms', samples: lasts }
    }
  })
}

/** Milliseconds since the epoch, like the pages' clocks. */
const now = (): number => performance.timeOrigin + performance.now()

/** Resolves with the times at which the page was connected to its relay and listed the package, by the machine's clock. */
const watch = (page: Page): Promise<{ connectedAt: number; seenAt: number }> =>
  page.evaluate(
    (giveUpMs) =>
      new Promise<{ connectedAt: number; seenAt: number }>((resolve) => {
        const now = (): number => performance.timeOrigin + performance.now()
        const deadline = now() + giveUpMs
        let connectedAt = 0
        let seenAt = 0
        const settle = (): void => {
          if (connectedAt > 0 && seenAt > 0) resolve({ connectedAt, seenAt })
        }
        const checkRelay = (status: { relays: readonly { connected: boolean }[] }): void => {
          if (connectedAt === 0 && status.relays.some(({ connected }) => connected)) connectedAt = now()
          settle()
        }
        const checkCatalogue = async (): Promise<void> => {
          // A local search only: a remote one would fetch the package itself.
          const { total } = await window.ggen.search({ limit: 1, remote: false })
          if (seenAt === 0 && total > 0) seenAt = now()
          settle()
        }
        setTimeout(() => resolve({ connectedAt: connectedAt || now(), seenAt: seenAt || deadline }), giveUpMs)
        window.ggen.subscribe((updates) => {
          for (const update of updates) {
            if (update.kind === 'status') checkRelay(update.status)
            if (update.kind === 'catalogue') void checkCatalogue()
          }
        })
        void window.ggen.status().then(checkRelay)
        void checkCatalogue()
      }),
    giveUpMs,
  )
