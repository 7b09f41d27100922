import type { Entry } from '../../workers/protocol/entry.ts'
import { untraced } from '../../workers/telemetry/operation.ts'
import { numberFrom } from '../lib/environment.ts'
import type { Figure } from '../lib/measurement.ts'
import { signNumberedPackages } from './catalogue.ts'
import { startQueryNetwork } from './query-network.ts'
import { measureSizes } from './sizes.ts'

/**
 * A node with an empty catalogue queries five peers over links of 25 ms per message; all are real libp2p nodes in this
 * process. A search takes two round trips (protocol negotiation, then the query), verification and indexing. For
 * comparison, the same search runs in the local catalogue.
 */
const peers = 5
const delayMs = 25
const packages = numberFrom('QUERY_PACKAGES', 1_000)
const searches = numberFrom('QUERY_SEARCHES', 60)

/** Pause between queries (ms): a peer accepts ten per second. */
const pauseMs = 100

export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  log(`signing ${packages} packages`)
  const entries = await signNumberedPackages(packages)
  for (const silent of [0, 2]) {
    log(silent === 0 ? 'all answer' : `${silent} of ${peers} are silent`)
    const measured = await measure(entries, silent)
    const name = `remote search, ${peers} peers, ${delayMs} ms links${silent === 0 ? '' : `, ${silent} silent`}`
    yield { scenario: name, unit: 'ms', samples: measured.remote }
    yield { scenario: `${name}: peers asked`, unit: 'n', samples: measured.asked }
    yield { scenario: `${name}: the same from here`, unit: 'ms', samples: measured.local }
    yield {
      scenario: `describe, ${peers} peers${silent === 0 ? '' : `, ${silent} silent`}`,
      unit: 'ms',
      samples: measured.described,
    }
  }
  yield* measureSizes(log)
}

const measure = async (entries: readonly Entry[], silent: number) => {
  const { client, stop } = await startQueryNetwork({ peers, silent, entriesOf: () => entries, delayMs })
  try {
    const result = { remote: [] as number[], asked: [] as number[], local: [] as number[], described: [] as number[] }
    for (let n = 0; n < searches; n += 1) {
      const text = `package ${n}`
      const started = performance.now()
      const { asked } = await client.query.search({ text, filters: {} }, untraced())
      result.remote.push(performance.now() - started)
      result.asked.push(asked)
      const found = client.search({ text })
      if (!found.hits.some(({ slug }) => slug.endsWith(`-${n}`))) throw new Error(`${text} was not found`)
      result.local.push(found.tookMs)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      const target = found.hits[0]
      if (target === undefined) throw new Error('nothing was found')
      const again = performance.now()
      const publisher = target.publisher as Parameters<typeof client.query.describe>[0]['publisher']
      await client.query.describe({ publisher, slug: target.slug }, untraced())
      result.described.push(performance.now() - again)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    return result
  } finally {
    await stop()
  }
}
