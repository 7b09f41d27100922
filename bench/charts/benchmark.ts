import type { CDPSession, Page } from '@playwright/test'
import { makePackage } from '../../e2e/fixtures/packages.ts'
import { setHidden, wholePage } from '../../e2e/fixtures/window-state.ts'
import { withStage } from '../lib/browsers.ts'
import { type Figure, percentile } from '../lib/measurement.ts'

/** Windows of each state, in turn, and the length of one (s). */
const windows = Number(process.env['CHARTS_WINDOWS'] ?? 5)
const seconds = Number(process.env['CHARTS_SECONDS'] ?? 5)

/** Share of one core that nine live charts may cost the page (%). */
const mostShare = 3

/** Share that counts as none (%): what any open page costs, and the resolution of a window. */
const none = 0.5

const states = ['charts', 'charts, an hour', 'no charts in sight', 'hidden', 'another route'] as const
type State = (typeof states)[number]

/**
 * What the charts of the network page cost the main thread of a real tab with one peer, at one sample a second:
 * processor time of the thread's tasks as Chromium accounts it. States alternate, so that a slow stretch of the machine
 * meets all of them.
 */
export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* withStage<Figure>(async function* ({ open, openElsewhere }) {
    const other = await openElsewhere()
    const { page, status } = await open()
    while ((await status()).directConnections === 0) await pause(100)
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })

    // Rows and events first, so that lines are drawn.
    await enter(page, 'charts')
    for (let n = 0; n < 20; n += 1) {
      await other.publish(makePackage(`charted-${n}`, '1.0.0').files)
      await pause(1_000)
    }

    const shares = Object.fromEntries(states.map((state) => [state, [] as number[]])) as Record<State, number[]>
    for (let n = 0; n < windows; n += 1) {
      for (const state of states) {
        await enter(page, state)
        await pause(1_000)
        shares[state].push(await measure(session))
      }
    }
    for (const state of states) {
      log(`${state}: ${shares[state].map((share) => share.toFixed(2)).join(' ')} % of a core`)
    }

    const difference = (state: State, from: State): number[] =>
      shares[state].map((share, n) => share - (shares[from][n] ?? 0))
    const cost = (state: State): number[] => difference(state, 'no charts in sight')
    yield { scenario: 'network page, nine charts in sight', unit: '%', samples: shares.charts }
    yield {
      scenario: 'nine charts, 15 minutes: above the page without them',
      unit: '%',
      samples: cost('charts'),
      target: mostShare,
    }
    yield {
      scenario: 'nine charts, an hour: above the page without them',
      unit: '%',
      samples: cost('charts, an hour'),
      target: mostShare,
    }
    yield { scenario: 'network page, charts out of sight', unit: '%', samples: shares['no charts in sight'] }
    yield { scenario: 'network page, hidden', unit: '%', samples: shares.hidden, target: none }
    yield { scenario: 'another route', unit: '%', samples: shares['another route'], target: none }
    log(`median of ${windows} windows of ${seconds} s: ${percentile(shares.charts, 0.5).toFixed(2)} %`)
  })
}

/** Processor time of the main thread as a share of the time that passes (%). */
const measure = async (session: CDPSession): Promise<number> => {
  const before = await read(session)
  await pause(seconds * 1_000)
  const after = await read(session)
  return ((after.busy - before.busy) / (after.at - before.at)) * 100
}

/** Both in seconds. */
const read = async (session: CDPSession): Promise<{ busy: number; at: number }> => {
  const { metrics } = await session.send('Performance.getMetrics')
  const of = (wanted: string): number => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN
  return { busy: of('TaskDuration'), at: performance.now() / 1_000 }
}

const enter = async (page: Page, state: State): Promise<void> => {
  await setHidden(page, false)
  await page.setViewportSize(wholePage)
  const name = state === 'another route' ? 'Library' : 'Network'
  await page.getByRole('link', { name, exact: true }).first().click()
  if (state !== 'another route') {
    await page.locator('.chart canvas').nth(8).waitFor()
    await page.getByRole('radio', { name: state === 'charts, an hour' ? '1 h' : '15 min', exact: true }).check()
    await page.mouse.move(0, 0)
  }
  // The window ends above the charts.
  if (state === 'no charts in sight') {
    await page.setViewportSize({ width: wholePage.width, height: 400 })
    await page.evaluate(() => scrollTo(0, 0))
  }
  if (state === 'hidden') await setHidden(page, true)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
