import type { Page } from '@playwright/test'
import type { Figure } from '../lib/measurement.ts'
import { withWorkerPage } from '../lib/worker-page.ts'
import type { Flood } from './page/main.ts'

type BenchWindow = { bench: { flood(count: number, perSecond: number): Promise<Flood> } }

/** Updates per second at which the page must stay responsive. */
const ratesPerSecond = [1_000, 5_000]
const seconds = 10

/** Updates of one round at full speed. */
const updatesAtOnce = 50_000
const rounds = 10

/** A longer time between frames feels stuck (ms). */
const responsiveMs = 50

/**
 * Updates from a worker's update bus into the state of the product's page, which draws them, in a real Chromium. An
 * update is applied when the state has it or a later one of its key.
 */
export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* withWorkerPage<Figure>(new URL('./page/', import.meta.url), async function* (page) {
    await flood(page, 2_000, 1_000)
    for (const rate of ratesPerSecond) {
      const { tookMs, received, delays, frames, longTasks } = await flood(page, rate * seconds, rate)
      log(`${rate * seconds} updates in ${(tookMs / 1_000).toFixed(1)} s, of which ${received} came across`)
      yield {
        scenario: `${rate} updates a second: between frames`,
        unit: 'ms',
        samples: frames,
        target: responsiveMs,
        targetAt: 'p99',
      }
      yield { scenario: `${rate} updates a second: longest task`, unit: 'ms', samples: [Math.max(0, ...longTasks)] }
      yield { scenario: `${rate} updates a second: said to taken`, unit: 'ms', samples: delays }
    }

    const speeds: number[] = []
    const gaps: number[] = []
    for (let round = 0; round < rounds; round++) {
      const { tookMs, frames } = await flood(page, updatesAtOnce, Number.POSITIVE_INFINITY)
      speeds.push(updatesAtOnce / (tookMs / 1_000))
      gaps.push(Math.max(...frames))
    }
    yield { scenario: 'updates taken, as fast as they come', unit: '/s', samples: speeds, target: 1_000 }
    yield { scenario: 'meanwhile, the longest time between frames', unit: 'ms', samples: gaps }
  })
}

const flood = (page: Page, count: number, perSecond: number): Promise<Flood> =>
  page.evaluate(([count, perSecond]) => (window as unknown as BenchWindow).bench.flood(count, perSecond), [
    count,
    perSecond,
  ] as const)
