import type { Page } from '@playwright/test'
import { createTestNetwork, type TestNode, until } from '../../workers/testing/relay-network.ts'
import { withStage } from '../lib/browsers.ts'
import type { Figure } from '../lib/measurement.ts'

/** Numbers of existing peers: real tabs as far as two cores can run them, above that nodes over WebSockets. */
const tabSizes = numbers(process.env['JOIN_TABS'], [5, 10])
const nodeSizes = numbers(process.env['JOIN_NODES'], [20, 50])
const opens = Number(process.env['JOIN_OPENS'] ?? 20)
const restarts = Number(process.env['JOIN_RESTARTS'] ?? 10)

/** Direct peers to wait for, or all if there are fewer. */
const targetPeers = 10

/**
 * Measures how long a new peer takes to connect to ten direct peers, and how long a tab takes to be reachable again
 * after a restart of its relay.
 *
 * Real tabs run in one Chromium, each in its own context, over WebRTC. With 20 and 50 peers, all are nodes in this
 * process over WebSockets: the same peer finder, pool and relay, without a page, a worker and ICE.
 */
export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* withStage<Figure>(async function* ({ open, relay }) {
    const present: Page[] = []
    for (const size of tabSizes) {
      while (present.length < size) {
        const { page } = await open()
        present.push(page)
        await untilDirect(page, Math.min(present.length - 1, targetPeers))
      }
      const peers = Math.min(size, targetPeers)
      log(`${opens} tabs open, one after the other, with ${size} there`)
      const first: number[] = []
      const all: number[] = []
      for (let count = 0; count < opens; count += 1) {
        const tab = await open()
        const times = await untilDirect(tab.page, peers)
        first.push(times.first)
        all.push(times.all)
        await tab.context.close()
        // Waits until the others have noticed the departure and no longer count the closed tab.
        for (const page of present) await atMost(page, size - 1)
      }
      yield { scenario: `${size} tabs: page open to first direct peer`, unit: 'ms', samples: first }
      yield {
        scenario: `${size} tabs: page open to ${peers} direct peers`,
        unit: 'ms',
        samples: all,
        target: 2000,
        targetAt: 'p95',
      }
    }

    const [page] = present
    if (page === undefined) return
    log(`the relay is stopped and started ${restarts} times`)
    const recovered: number[] = []
    for (let count = 0; count < restarts; count += 1) {
      await relay.pause()
      await page.evaluate(
        () =>
          new Promise<void>((resolve) => {
            const check = async (): Promise<void> => {
              if (!(await window.ggen.status()).relays.some(({ connected }) => connected)) resolve()
            }
            window.ggen.subscribe(() => void check())
            void check()
          }),
      )
      await relay.restart()
      const began = performance.now()
      await page.evaluate(
        () =>
          new Promise<void>((resolve) => {
            const check = async (): Promise<void> => {
              if ((await window.ggen.status()).relays.every(({ reserved }) => reserved)) resolve()
            }
            window.ggen.subscribe(() => void check())
            void check()
          }),
      )
      recovered.push(performance.now() - began)
    }
    yield { scenario: 'relay back to tab reachable', unit: 'ms', samples: recovered, target: 10_000, targetAt: 'p95' }
  })

  for (const size of nodeSizes) yield await joinOfNodes(size, log)
}

const joinOfNodes = async (size: number, log: (line: string) => void): Promise<Figure> => {
  const network = createTestNetwork()
  try {
    const relay = await network.startRelay()
    const address = relay.addressFor(undefined)
    const present: TestNode[] = []
    while (present.length < size) present.push(await network.startTab([address]))
    const peers = Math.min(size, targetPeers)
    await until('all have peers', () => present.every(({ pool }) => pool.directPeers().length >= peers), 120_000)
    log(`${opens} nodes start, one after the other, with ${size} there`)
    const samples: number[] = []
    for (let count = 0; count < opens; count += 1) {
      const began = performance.now()
      const node = await network.startTab([address])
      await until('it has its peers', () => node.pool.directPeers().length >= peers, 60_000)
      samples.push(performance.now() - began)
      await node.stop()
    }
    return {
      scenario: `${size} nodes: start to ${peers} direct peers`,
      unit: 'ms',
      samples,
      target: 2000,
      targetAt: 'p95',
    }
  } finally {
    await network.stopAll()
  }
}

/**
 * Resolves with the times at which the page had its first and `count` direct peers, by its own clock, which starts when
 * it opens. Like the page, it reads updates and requests the status only once.
 */
const untilDirect = (page: Page, count: number): Promise<{ first: number; all: number }> =>
  page.evaluate(
    (count) =>
      new Promise<{ first: number; all: number }>((resolve) => {
        let first = 0
        const check = (status: { directConnections: number }): void => {
          if (first === 0 && status.directConnections > 0) first = performance.now()
          if (status.directConnections >= count) resolve({ first, all: performance.now() })
        }
        window.ggen.subscribe((updates) => {
          for (const update of updates) if (update.kind === 'status') check(update.status)
        })
        void window.ggen.status().then(check)
      }),
    count,
  )

const atMost = (page: Page, count: number): Promise<void> =>
  page.evaluate(
    (count) =>
      new Promise<void>((resolve) => {
        const check = (status: { directConnections: number }): void => {
          if (status.directConnections <= count) resolve()
        }
        window.ggen.subscribe((updates) => {
          for (const update of updates) if (update.kind === 'status') check(update.status)
        })
        void window.ggen.status().then(check)
      }),
    count,
  )

function numbers(text: string | undefined, otherwise: number[]): number[] {
  return text === undefined
    ? otherwise
    : text
        .split(',')
        .map(Number)
        .filter((each) => each > 0)
}
