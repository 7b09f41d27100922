import type { Entry } from '../../workers/protocol/entry.ts'
import { untraced } from '../../workers/telemetry/operation.ts'
import { numberFrom, numbersFrom } from '../lib/environment.ts'
import type { Figure } from '../lib/measurement.ts'
import { signInParts } from './catalogue.ts'
import { startQueryNetwork } from './query-network.ts'

/**
 * Searches over more peers with larger catalogues, and what it costs that peers know the same packages.
 *
 * `QUERY_PEERS=10 QUERY_CATALOGUES=100` measures less; `QUERY_PEERS=` omits all of it.
 */
const peerCounts = numbersFrom('QUERY_PEERS', [10, 20, 50])
const catalogues = numbersFrom('QUERY_CATALOGUES', [100, 500, 1_000])
const searches = numberFrom('QUERY_SEARCHES', 60)
const delayMs = 25

/** Two round trips of 50 ms, and the objective of a search (p95, ms). */
const targetMs = 200

/** Pause between queries (ms): a peer accepts ten per second, and the best three are asked. */
const pauseMs = 100

/** Peers whose answers overlap: those that are asked at once. */
const overlapping = 3

/** Time that a known answer may take (ms): it is recognised by its hashes, without checking a signature. */
const duplicateTargetMs = 5

export const measureSizes = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  for (const packages of catalogues) {
    if (peerCounts.length === 0) return
    log(`signing ${packages} packages`)
    const [all = []] = await signInParts(packages, 1)
    for (const peers of peerCounts) {
      const { samples } = await measure(peers, () => all, packages)
      const scenario = `remote search, ${peers} peers, ${packages} packages`
      yield { scenario, unit: 'ms', samples, target: targetMs, targetAt: 'p95' }
    }
  }
  const packages = Math.max(...catalogues)
  if (peerCounts.length > 0 && packages > 0) yield* measureDuplicates(packages)
}

/** Compares peers with the same packages to peers of which each has its own, and takes a known answer in again. */
const measureDuplicates = async function* (packages: number): AsyncGenerator<Figure> {
  const parts = await signInParts(packages, overlapping)
  const same = await measure(overlapping, () => parts.flat(), packages)
  const own = await measure(overlapping, (index) => parts[index] ?? [], packages)
  const name = `remote search, ${overlapping} peers, ${packages} packages`
  yield { scenario: `${name}: all know the same`, unit: 'ms', samples: same.samples }
  yield { scenario: `${name}: each knows its own`, unit: 'ms', samples: own.samples }
  yield {
    scenario: 'an answer of 10 packages that are known',
    unit: 'ms',
    samples: same.duplicates,
    target: duplicateTargetMs,
    targetAt: 'p95',
  }
}

const measure = async (peers: number, entriesOf: (index: number) => readonly Entry[], packages: number) => {
  const { client, stop } = await startQueryNetwork({ peers, entriesOf, delayMs })
  try {
    const samples: number[] = []
    for (let n = 0; n < searches; n += 1) {
      const text = `package ${n % packages}`
      const started = performance.now()
      await client.query.search({ text, filters: {} }, untraced())
      const found = client.search({ text })
      samples.push(performance.now() - started)
      if (found.hits.length === 0) throw new Error(`${text} was not found`)
      if (new Set(found.hits.map(({ id }) => id)).size < found.hits.length) throw new Error(`${text} was listed twice`)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    return { samples, duplicates: await ingestAgain(client.registry, entriesOf(0)) }
  } finally {
    await stop()
  }
}

/** Entries of an answer: an identity, and ten packages with head and release. */
const answerEntries = 21
const takes = 200

/** Takes an answer of another peer into a catalogue that has all of it. */
const ingestAgain = async (
  registry: { ingest(entries: readonly Entry[], options: { from: string }): Promise<unknown> },
  entries: readonly Entry[],
): Promise<number[]> => {
  const answer = entries.slice(0, answerEntries)
  await registry.ingest(answer, { from: 'first' })
  const samples: number[] = []
  for (let n = 0; n < takes; n += 1) {
    const started = performance.now()
    await registry.ingest(answer, { from: 'second' })
    samples.push(performance.now() - started)
  }
  return samples
}
