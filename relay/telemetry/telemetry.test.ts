import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import parse from 'parse-prometheus-text-format'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { requestClosestPeers } from '../../workers/dht/closest-peers.ts'
import { createKadRpc } from '../../workers/dht/kad-rpc.ts'
import { KAD_PROTOCOL, PACKAGES_TOPIC } from '../../workers/protocol/protocols.ts'
import { untraced } from '../../workers/telemetry/operation.ts'
import { createTestNetwork, type TestNode, until } from '../../workers/testing/relay-network.ts'
import { type Environment, readConfig } from '../config.ts'
import { type PageServer, startPageServer } from '../http.ts'
import { attributesOf, metricsIn, spansIn, startCollector, type TestCollector } from '../otlp/fixtures/collector.ts'
import { type StartedRelay, startRelay } from '../start-relay.ts'
import { createFigures } from './figures.ts'
import { hasPromtool } from './fixtures/promtool.ts'
import { startPageTelemetry } from './page-telemetry.ts'
import { startPartTelemetry } from './part-telemetry.ts'
import { createRegistry } from './prometheus.ts'
import { relayFigures } from './relay-figures.ts'

const network = createTestNetwork()
const stops: (() => unknown)[] = []
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ggen-telemetry-'))
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>page</title>')
})
afterEach(async () => {
  await network.stopAll()
  for (const stop of stops.splice(0).reverse()) await stop()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Running {
  relay: StartedRelay
  address: string
  page: PageServer
  stopAll(): Promise<void>
}

const start = async (environment: Environment = {}): Promise<Running> => {
  const config = readConfig(
    { PORT: '0', RELAY_PORT: '0', RELAY_DATA: folder, PAGE_FOLDER: folder, ...environment },
    folder,
  )
  const relay = await startRelay(config)
  const telemetry = await startPageTelemetry(config, relay.metricsText)
  const page = await startPageServer({
    folder,
    host: config.host,
    port: 0,
    relaysFor: () => [],
    health: relay.health,
    ...telemetry.serving,
  })
  let stopped: Promise<void> | undefined
  const stopAll = (): Promise<void> => {
    stopped ??= Promise.all([page.stop().then(telemetry.stop), relay.stop()]).then(() => {})
    return stopped
  }
  stops.push(stopAll)
  return { relay, address: relay.addressFor(undefined), page, stopAll }
}

const isReserved = (node: TestNode): boolean => node.keeper.relays().every(({ reserved }) => reserved)

/** Two tabs with reservations and a relayed connection, one of which announces something invalid and asks the DHT. */
const use = async ({ relay, address }: Running): Promise<TestNode[]> => {
  const [one, other] = await Promise.all([
    network.startTab([address], { target: 0, direct: false }),
    network.startTab([address], { target: 0, direct: false }),
  ])
  await until('both have a reservation', () => isReserved(one) && isReserved(other))
  const circuit = multiaddr(`${address}/p2p-circuit/p2p/${other.libp2p.peerId}`)
  const connection = await one.libp2p.dial(circuit)
  expect(connection.limits).toBeDefined()
  for (const { libp2p } of [one, other]) libp2p.services.pubsub.subscribe(PACKAGES_TOPIC)
  await until('both are subscribed', () => relay.health().subscribers === 2)
  await one.libp2p.services.pubsub.publish(PACKAGES_TOPIC, new Uint8Array([1, 2, 3]))
  await requestClosestPeers(
    createKadRpc(one.libp2p, KAD_PROTOCOL),
    relay.node.peerId,
    one.libp2p.peerId.toMultihash().bytes,
    untraced(AbortSignal.timeout(60_000)),
  )
  return [one, other]
}

interface Scrape {
  value(name: string, labels?: Record<string, string>): number | undefined
  families: ReturnType<typeof parse>
  text: string
}

const scrape = async ({ page }: Running): Promise<Scrape> => {
  const response = await fetch(`${page.address}/metrics`)
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ])
  const text = await response.text()
  const families = parse(text)
  return {
    text,
    families,
    value(name, labels = {}) {
      const series = families.find((family) => family.name === name)?.metrics ?? []
      const found = series.filter((one) => Object.entries(labels).every(([key, value]) => one.labels?.[key] === value))
      return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + Number(value), 0)
    },
  }
}

/** Scrapes until a condition holds: figures change while nodes talk, and a text is served for a second. */
const scrapeUntil = async (running: Running, holds: (found: Scrape) => boolean): Promise<Scrape> => {
  for (;;) {
    const found = await scrape(running)
    if (holds(found)) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('/metrics', () => {
  it('is Prometheus text with the figures of the relay, of libp2p and of the page server', async () => {
    const running = await start()
    await use(running)
    await fetch(`${running.page.address}/missing.js`)
    const found = await scrapeUntil(
      running,
      ({ value }) =>
        value('ggen_relay_circuits') === 1 &&
        (value('ggen_relay_gossip_messages_total', { verdict: 'invalid' }) ?? 0) > 0 &&
        (value('ggen_relay_dht_requests_total', { outcome: 'ok' }) ?? 0) > 0 &&
        (value('ggen_page_http_requests_total', { path: 'page', status: '4xx' }) ?? 0) > 0,
    )
    expect(found.value('ggen_relay_reservations')).toBe(2)
    expect(found.value('ggen_relay_reservation_requests_total', { outcome: 'ok' })).toBe(2)
    expect(found.value('ggen_relay_connections', { kind: 'reserved' })).toBe(2)
    expect(found.value('ggen_relay_circuit_requests_total', { outcome: 'ok' })).toBe(1)
    expect(found.value('ggen_relay_relayed_bytes_total')).toBeGreaterThan(100)
    expect(found.value('ggen_relay_gossip_subscribers')).toBe(2)
    expect(found.value('ggen_relay_dht_routing_table_peers')).toBe(2)
    expect(found.value('ggen_relay_memory_bytes', { kind: 'rss' })).toBeGreaterThan(10_000_000)
    expect(found.value('ggen_relay_build_info', { node: process.version })).toBe(1)
    expect(found.value('ggen_page_relay_up')).toBe(1)
    // Of libp2p itself.
    expect(found.value('libp2p_data_transfer_bytes_total')).toBeGreaterThan(0)
    expect(found.families.some(({ name }) => name.startsWith('libp2p_kad_dht_'))).toBe(true)
  })

  it('has each metric once, with its type and help, and a bounded size', async () => {
    const running = await start()
    await use(running)
    const { families, text } = await scrape(running)
    const types = text.match(/^# TYPE \S+/gm) ?? []
    expect(new Set(types).size).toBe(types.length)
    expect(families.length).toBe(types.length)
    expect(families.filter(({ help, type }) => help === '' || type === 'UNTYPED').map(({ name }) => name)).toEqual([])
    expect(text.length).toBeLessThan(200_000)
    // No peer and no address labels a metric.
    expect(text).not.toMatch(/12D3KooW|\/ip4\//)
    if (hasPromtool())
      expect(() =>
        execFileSync('promtool', ['check', 'metrics'], { input: ownPart(text), stdio: 'pipe' }),
      ).not.toThrow()
  })

  it('counts a relayed connection that has closed no more', async () => {
    const running = await start()
    const [one, other] = await use(running)
    await scrapeUntil(running, ({ value }) => value('ggen_relay_circuits') === 1)
    for (const connection of one?.libp2p.getConnections(other?.libp2p.peerId) ?? []) await connection.close()
    await scrapeUntil(running, ({ value }) => value('ggen_relay_circuits') === 0)
  })

  it('counts refused circuits', async () => {
    const running = await start()
    const one = await network.startTab([running.address], { target: 0, direct: false })
    await until('it has a reservation', () => isReserved(one))
    const absent = '12D3KooWGzh5zoRUMYF9F7JvMCDPaUR4nhUAqK4tqf8wB2Zz9jWs'
    await expect(one.libp2p.dial(multiaddr(`${running.address}/p2p-circuit/p2p/${absent}`))).rejects.toThrow()
    await scrapeUntil(running, ({ value }) => value('ggen_relay_circuit_requests_total', { outcome: 'refused' }) === 1)
  })

  it('is absent when METRICS is off, and says so only then', async () => {
    const running = await start({ METRICS: 'off' })
    expect((await fetch(`${running.page.address}/metrics`)).status).toBe(404)
    expect((await fetch(`${running.page.address}/healthz`)).status).toBe(200)
  })

  it('has a bounded number of series', async () => {
    const figures = createFigures({ odd: { kind: 'counter', unit: '1', description: 'Odd', labels: ['kind'] } })
    for (let count = 0; count < 10_000; count += 1) figures.add('odd', 1, { kind: `kind ${count}` })
    for (const bad of [Number.NaN, -1]) figures.add('odd', bad, { kind: 'kind 1' })
    expect(figures.read('odd').length).toBe(200)
    const [family] = parse(await createRegistry(figures).metrics())
    expect(family?.metrics.length).toBe(200)
    expect(new Set(family?.metrics.map(({ value }) => value))).toEqual(new Set(['1']))
  })

  it('survives a figure that cannot be read', () => {
    const figures = createFigures({ odd: { kind: 'gauge', unit: '1', description: 'Odd', labels: [] } })
    figures.observe('odd', () => {
      throw new Error('broken')
    })
    expect(figures.read('odd')).toEqual([])
  })
})

describe('the telemetry of the relay itself', () => {
  it('arrives at the collector as OTLP: spans with hashed peers, and metrics', async () => {
    const collector = await collecting()
    const running = await start({ OTLP_ENDPOINT: collector.endpoint, OTLP_HEADERS: 'x-key=a%20b' })
    const tabs = await use(running)
    const { text } = await scrape(running)
    expect(text).toContain('ggen_relay_reservations 2')
    await running.stopAll()

    const spans = spansIn(collector.received)
    const reserved = spans.filter(({ name }) => name === 'relay_reserve').map(attributesOf)
    expect(reserved.map(({ outcome }) => outcome)).toEqual(['ok', 'ok'])
    const [circuit] = spans.filter(({ name }) => name === 'relay_circuit').map(attributesOf)
    expect(circuit?.['outcome']).toBe('ok')
    // The same peer has the same hash in every span.
    expect(new Set(reserved.map(({ peer }) => peer))).toEqual(new Set([circuit?.['from'], circuit?.['to']]))
    for (const { startTimeUnixNano, endTimeUnixNano, traceId, spanId } of spans) {
      expect(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano)).toBe(true)
      expect([traceId, spanId]).toEqual([
        expect.stringMatching(/^[0-9a-f]{32}$/),
        expect.stringMatching(/^[0-9a-f]{16}$/),
      ])
    }

    const { metrics, resources } = metricsIn(collector.received)
    const reservations = metrics.find(({ name }) => name === 'ggen_relay_reservation_requests_total')
    expect(reservations?.sum).toMatchObject({ isMonotonic: true, aggregationTemporality: 2 })
    expect(Number(reservations?.sum?.dataPoints[0]?.asDouble ?? reservations?.sum?.dataPoints[0]?.asInt)).toBe(2)
    expect(metrics.some(({ name }) => name === 'ggen_page_http_requests_total')).toBe(true)
    const named = Object.values(resources).map(({ value }) => Object.values(value)[0])
    expect(named).toEqual(expect.arrayContaining(['ggen-relay', 'ggen-page', '0.2.0']))

    const sent = collector.received.map(({ body }) => body.toString()).join('\n')
    for (const { libp2p } of tabs) expect(sent).not.toContain(libp2p.peerId.toString())
    expect(sent).not.toMatch(/12D3KooW|\/ip4\//)
    expect(new Set(collector.received.map(({ headers }) => headers['x-key']))).toEqual(new Set(['a b']))
  })

  it('has other hashes after another start', async () => {
    const [one, other] = [
      await startPartTelemetry('relay', relayFigures, undefined),
      await startPartTelemetry('relay', relayFigures, undefined),
    ]
    stops.push(one.stop, other.stop)
    expect(one.hashPeer('a peer')).toMatch(/^[0-9a-f]{16}$/)
    expect(one.hashPeer('a peer')).toBe(one.hashPeer('a peer'))
    expect(one.hashPeer('a peer')).not.toBe(one.hashPeer('another'))
    expect(one.hashPeer('a peer')).not.toBe(other.hashPeer('a peer'))
  })

  it.each<[string, ((request: IncomingMessage, response: ServerResponse) => void) | undefined]>([
    ['absent', undefined],
    ['slow', () => {}],
    ['failing', (_request, response) => response.writeHead(500).end()],
    ['talkative', (_request, response) => response.writeHead(200).end(Buffer.alloc(10_000_000))],
  ])('does not disturb the relay when the collector is %s, and lets it stop', async (_how, answer) => {
    const collector = await startCollector()
    if (answer === undefined) await collector.stop()
    else {
      collector.answer(answer)
      stops.push(collector.stop)
    }
    const running = await start({ OTLP_ENDPOINT: collector.endpoint })
    await use(running)
    expect((await scrape(running)).value('ggen_relay_reservations')).toBe(2)
    await running.stopAll()
  })
})

const collecting = async (): Promise<TestCollector> => {
  const collector = await startCollector()
  stops.push(collector.stop)
  return collector
}

/** promtool also has opinions on names, which libp2p's do not meet. */
const ownPart = (text: string): string =>
  text
    .split(/(?=^# HELP )/m)
    .filter((family) => family.startsWith('# HELP ggen_'))
    .join('')
