import type { Page } from '@playwright/test'
import { makePackage } from '../../e2e/fixtures/packages.ts'
import { withStage } from '../lib/browsers.ts'
import type { Figure } from '../lib/measurement.ts'

/** Tabs that open at once, a context each in one browser; all share the machine's cores. */
const sizes = (process.env['CROWD_TABS'] ?? '4,8,16').split(',').map(Number)
const rounds = Number(process.env['CROWD_ROUNDS'] ?? 5)

/** A tab that has not seen the news by then misses them (ms). */
const giveUpMs = 40_000

/**
 * How soon news reach everybody where everybody is new: tabs open at once over a relay that has just started, and the
 * first of them publishes as soon as it can, before it has a direct peer.
 *
 * Counted is the time from when the last tab was connected to the relay until each tab lists the package.
 */
export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* withStage<Figure>(async function* ({ open, relay }) {
    for (const size of sizes) {
      const seen: number[] = []
      const lasts: number[] = []
      const connecting: number[] = []
      log(`${rounds} times ${size} tabs open at once`)
      for (let round = 0; round < rounds; round += 1) {
        // It has forgotten what it relayed before.
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

/** Ms since the epoch, as in the pages. */
const now = (): number => performance.timeOrigin + performance.now()

/** When the page was connected to its relay, and when it listed the package, by the clock of the machine. */
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
        const lookForRelay = (status: { relays: readonly { connected: boolean }[] }): void => {
          if (connectedAt === 0 && status.relays.some(({ connected }) => connected)) connectedAt = now()
          settle()
        }
        const lookForNews = async (): Promise<void> => {
          // Answered from here alone: a question to other peers would bring the news by itself.
          const { total } = await window.ggen.search({ limit: 1, remote: false })
          if (seenAt === 0 && total > 0) seenAt = now()
          settle()
        }
        setTimeout(() => resolve({ connectedAt: connectedAt || now(), seenAt: seenAt || deadline }), giveUpMs)
        window.ggen.subscribe((updates) => {
          for (const update of updates) {
            if (update.kind === 'status') lookForRelay(update.status)
            if (update.kind === 'catalogue') void lookForNews()
          }
        })
        void window.ggen.status().then(lookForRelay)
        void lookForNews()
      }),
    giveUpMs,
  )
