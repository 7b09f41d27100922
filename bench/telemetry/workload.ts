import type { SearchQuery } from '../../workers/contract/views.ts'
import { startOperation } from '../../workers/telemetry/operation.ts'
import type { Telemetry } from '../../workers/telemetry/telemetry.ts'
import { createDhtNetwork } from '../../workers/testing/dht-network.ts'
import { announcementOf, createForger, entriesOf } from '../../workers/testing/forged-records.ts'
import { createGossipNetwork } from '../../workers/testing/gossip-network.ts'
import { createHeadSource } from '../../workers/testing/head-source.ts'
import { createEngineNetwork, type EnginePeer } from '../../workers/testing/network.ts'
import { until } from '../../workers/testing/relay-network.ts'
import { signPackages } from '../memory/catalogue.ts'
import { createCorpus } from '../search/corpus.ts'

/** What is measured, with the number of operations in one block: long enough for the clock, short enough to alternate. */
export const operationsByPath = {
  search: 100,
  'hot lookup': 2_000,
  'DHT lookup': 4,
  'cache hit': 2_000,
  publish: 2,
  install: 2,
  'gossip receive': 4,
} as const

export type Path = keyof typeof operationsByPath

export const paths = Object.keys(operationsByPath) as Path[]

export interface Workload {
  /** Runs `count` operations one after the other, beginning with number `first`. */
  run(path: Path, first: number, count: number): Promise<Measured>
}

export interface Measured {
  /** Of each operation (ms). */
  readonly durations: readonly number[]
  /** Processor time of all of them together, on all threads (ms): what other processes of the machine do adds nothing. */
  readonly processorMs: number
}

/** Packages in the catalogue that is searched. */
const packages = 1_000
const hotPackages = 50
const dhtNodes = 30
const dhtKeys = 20

/** Links without delay: waiting would hide what telemetry costs. */
const conditions = { delayMs: 0, jitterMs: 0, loss: 0 }

/** Time for what an operation leaves behind, such as further messages of a lookup (ms). */
const restMs = 10

/** Real engines and nodes in this process, ready for every path. They end with the process. */
export const createWorkload = async (telemetry: Telemetry): Promise<Workload> => {
  const network = createEngineNetwork({ conditions })
  const start = (name: string): Promise<EnginePeer> => network.start(name, telemetry)
  const shop = await start('shop')
  await shop.storage.registry.ingest(await signPackages(packages), { from: 'bench' })
  await until('the catalogue is indexed', () => shop.storage.search.size() >= packages)
  const [publisher, installer] = [await start('publisher'), await start('installer')]
  await installer.meet(publisher)
  const measures: Record<Path, Measure> = {
    search: searches(shop),
    'hot lookup': await hotLookups(shop),
    'DHT lookup': await dhtLookups(telemetry),
    'cache hit': await cacheHits(shop),
    publish: publications(publisher, installer),
    install: installs(publisher, installer),
    'gossip receive': await gossip(telemetry),
  }
  return { run: (path, first, count) => measures[path](first, count) }
}

type Measure = (first: number, count: number) => Promise<Measured>

/** Repeats `measured`; `prepare` and the rest after it do not count. */
const repeated = async (
  first: number,
  count: number,
  measured: (n: number) => Promise<unknown>,
  around: { prepare?: (n: number) => Promise<unknown>; after?: (n: number) => Promise<unknown> } = {},
): Promise<Measured> => {
  const isAlone = around.prepare === undefined && around.after === undefined
  const durations = new Array<number>(count)
  const atFirst = process.cpuUsage()
  let processorMs = 0
  for (let done = 0; done < count; done += 1) {
    const n = first + done
    await around.prepare?.(n)
    // Reading it takes longer than a hit from memory.
    const before = isAlone ? atFirst : process.cpuUsage()
    const started = performance.now()
    await measured(n)
    durations[done] = performance.now() - started
    if (!isAlone) processorMs += processorMsSince(before)
    await around.after?.(n)
  }
  return { durations, processorMs: isAlone ? processorMsSince(atFirst) : processorMs }
}

export const processorMsSince = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, restMs))

const searches = (shop: EnginePeer): Measure => {
  const { words, typing } = createCorpus(packages).queriesByKind
  const queries: SearchQuery[] = [...words.slice(0, 50), ...typing.slice(0, 50)]
  return (first, count) => repeated(first, count, (n) => shop.search(queries[n % queries.length] ?? {}))
}

const hotLookups = async (shop: EnginePeer): Promise<Measure> => {
  const { hits } = await shop.search({ limit: hotPackages })
  const ids = hits.map(({ id }) => id)
  for (const id of [...ids, ...ids]) await shop.lookup(id)
  const { from } = await shop.lookup(ids[0] ?? '')
  if (from !== 'hot') throw new Error(`A lookup was ${from}, not hot.`)
  return (first, count) => repeated(first, count, (n) => shop.lookup(ids[n % ids.length] ?? ''))
}

const cacheHits = async (shop: EnginePeer): Promise<Measure> => {
  const { id, version } = await shop.publish('hot', '1.0.0', { 'a.txt': new Uint8Array(1_000).fill(97) })
  return (first, count) => repeated(first, count, () => shop.readFile(id, version, 'a.txt'))
}

const dhtLookups = async (telemetry: Telemetry): Promise<Measure> => {
  const { nodes } = await createDhtNetwork({ nodes: dhtNodes, conditions, telemetry })
  const source = await createHeadSource(1)
  const operation = (name: string) => startOperation(telemetry.tracer, name, new AbortController().signal)
  const nodeAt = (n: number) => nodes[n % nodes.length] as (typeof nodes)[number]
  for (let n = 0; n < dhtKeys; n += 1) {
    const slug = `package-${n}`
    const putting = operation('publish')
    await nodeAt(n).heads.put(source.key(slug), await source.value(slug, 1), { operation: putting, onConfirmed() {} })
    putting.span.end()
  }
  const lookUp = async (reader: (typeof nodes)[number], key: string): Promise<void> => {
    const looking = operation('lookup')
    const found = await reader.heads.get(key, { operation: looking })
    looking.span.end()
    if (found === undefined) throw new Error(`${key} was not found.`)
  }
  return (first, count) => {
    const [keyAt, readerAt] = [(n: number) => source.key(`package-${n % dhtKeys}`), (n: number) => nodeAt(7 * n + 3)]
    // The reader keeps no copy, so that others are asked.
    return repeated(first, count, (n) => readerAt(n).without(keyAt(n), () => lookUp(readerAt(n), keyAt(n))), {
      after: rest,
    })
  }
}

let published = 0
const newSlug = (): string => {
  published += 1
  return `package-${published}`
}

const knows = ({ storage }: EnginePeer, id: string): Promise<void> =>
  until('the announcement has arrived', () => storage.registry.get(id) !== undefined)

const publications =
  (publisher: EnginePeer, follower: EnginePeer): Measure =>
  (first, count) => {
    let id = ''
    return repeated(
      first,
      count,
      async () => {
        id = (await publisher.publish(newSlug(), '1.0.0', { 'a.txt': new Uint8Array(8_000).fill(97) })).id
      },
      { after: () => knows(follower, id).then(rest) },
    )
  }

const installs =
  (publisher: EnginePeer, installer: EnginePeer): Measure =>
  (first, count) => {
    let id = ''
    return repeated(first, count, () => installer.install([id]), {
      async prepare() {
        const slug = newSlug()
        id = (await publisher.publish(slug, '1.0.0', { 'a.txt': new TextEncoder().encode(slug.repeat(1_000)) })).id
        await knows(installer, id).then(rest)
      },
      after: rest,
    })
  }

/** From the publication until the catalogue of the only other peer has the announcement. */
const gossip = async (telemetry: Telemetry): Promise<Measure> => {
  const { nodes } = await createGossipNetwork({ nodes: 2, conditions, telemetry })
  const [from, to] = nodes
  if (from === undefined || to === undefined) throw new Error('Two nodes were expected.')
  const forgers = 20
  const publishers = await Promise.all(Array.from({ length: forgers }, (_, n) => createForger(`publisher ${n}`)))
  return (first, count) => {
    let bytes: Uint8Array = new Uint8Array()
    let arrivals = 0
    return repeated(
      first,
      count,
      async () => {
        await from.announcements.publish(bytes)
        while (to.judged.length === arrivals) await new Promise((resolve) => setImmediate(resolve))
      },
      {
        async prepare(n) {
          const forger = publishers[n % forgers]
          if (forger !== undefined) bytes = announcementOf(entriesOf(await forger.release(newSlug(), '1.0.0')))
          arrivals = to.judged.length
        },
        after: rest,
      },
    )
  }
}
