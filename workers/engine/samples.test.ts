import { afterAll, expect, test } from 'vitest'
import { sampleColumns } from '../contract/sample-columns.ts'
import type { SamplesView } from '../contract/telemetry-views.ts'
import { createEngineNetwork, type EnginePeer, eventually } from '../testing/network.ts'

const network = createEngineNetwork()
afterAll(network.stopAll)

const sum = (values: Float64Array = new Float64Array()): number => values.reduce((total, each) => total + each, 0)

const last = (view: SamplesView, column: string): number | undefined => view.columns[column]?.at(-1)

const begin = async (name: string): Promise<EnginePeer> => network.start(name)

test('two peers that publish, find and install see it in their samples', async ({ signal }) => {
  const [a, b] = [await begin('publisher'), await begin('installer')]
  await a.publish('sampled', '1.0.0', { 'data.bin': new Uint8Array(50_000).map((_, at) => at * 7) })
  await b.meet(a)
  await eventually('the package is known', async () => (await b.search({})).total === 1, signal)
  const { installed } = await b.install(['sampled'])
  const [id = ''] = installed.map((each) => each.id)
  for (let times = 0; times < 3; times += 1) await b.lookup(id)

  await eventually(
    'the rows hold everything',
    async () => {
      const { columns } = await b.samples()
      return (
        sum(columns['bytes_in_piece']) === b.network.traffic.total('in', 'piece') && sum(columns['peers_direct']) > 0
      )
    },
    signal,
  )
  const view = await b.samples()
  expect(Object.keys(view.columns).filter((name) => !name.startsWith('reputation:'))).toEqual([...sampleColumns])
  for (const [name, column] of Object.entries(view.columns)) expect(column, name).toHaveLength(view.times.length)
  expect([...view.times]).toEqual([...view.times].sort((x, y) => x - y))
  expect(sum(view.columns['bytes_in_piece'])).toBeGreaterThan(50_000)
  const metrics = await b.metrics()
  for (const tier of ['hot', 'warm', 'cold', 'catalogue'])
    expect(sum(view.columns[`cache_hits_${tier}`]), tier).toBe(metrics[`cache_hits_total{tier="${tier}"}`])
  expect(sum(view.columns['cache_hits_hot'])).toBeGreaterThan(0)
  expect(last(view, 'cache_hit_rate')).toBe(metrics['cache_hit_rate'])
  expect([last(view, 'peers_direct'), last(view, 'peers_relayed'), last(view, 'relays')]).toEqual([1, 0, 0])
  expect(last(view, 'connections_healthy')).toBeGreaterThanOrEqual(1)
  const score = last(view, `reputation:${a.id}`)
  expect(score).toBeGreaterThan(0)
  expect(last(view, 'reputation_best')).toBeGreaterThanOrEqual(last(view, 'reputation_worst') ?? 1)
  expect(last(view, 'worker_heap_bytes')).toBeGreaterThan(1_000_000)
  expect(view.columns['event_loop_lag']?.some((lag) => lag >= 0)).toBe(true)
  expect(last(view, 'storage_bytes')).toBeNaN()
  expect(metrics['active_peers']).toBe(1)

  expect(view.events.map(({ kind, subject }) => [kind, subject])).toEqual(
    expect.arrayContaining([
      ['peer-joined', a.id],
      ['installed', id],
    ]),
  )
  expect(metrics['events_total{kind="installed"}']).toBe(1)
  expect((await a.samples()).events).toContainEqual({ time: expect.any(Number), kind: 'published', subject: id })

  // One buffer, so that it is transferred as one.
  const arrays = [view.times, ...Object.values(view.columns), ...Object.values(view.points).flatMap(Object.values)]
  expect(new Set(arrays.map(({ buffer }) => buffer)).size).toBe(1)

  await network.leave(a)
  await eventually(
    'its leave is an event',
    async () => (await b.samples()).events.some(({ kind, subject }) => kind === 'peer-left' && subject === a.id),
    signal,
  )
})

test('a ban is an event, once', async () => {
  const peer = await begin('judge')
  const { id: culprit } = await begin('culprit')
  for (let times = 0; times < 2; times += 1)
    peer.storage.reputation.observe(culprit, { kind: 'violation', fault: 'hash' })
  const { events } = await peer.samples()
  expect(events.filter(({ kind }) => kind === 'peer-banned')).toEqual([
    { time: expect.any(Number), kind: 'peer-banned', subject: culprit },
  ])
})

test('gives the rows after a time, and all of them when that time is ahead of the clock', async ({ signal }) => {
  const peer = await begin('asked')
  await eventually('there are rows', async () => (await peer.samples()).times.length >= 3, signal)
  const { times } = await peer.samples()
  const [first = 0, second] = times
  expect((await peer.samples(first)).times[0]).toBe(second)
  expect((await peer.samples(Date.now() + 3_600_000)).times[0]).toBe(first)
  expect((await peer.samples(times.at(-1))).times.length).toBeLessThanOrEqual(1)
})

test('while the clock jumps, times ascend, operations have one event, and durations stay true', async ({ signal }) => {
  const peer = await begin('jumping')
  const dayMs = 86_400_000
  let published = 0
  for (const jumpMs of [0, dayMs, -dayMs, -3 * dayMs, 0]) {
    peer.clockMs = jumpMs
    published += 1
    const { id } = await peer.publish(`jump-${published}`, '1.0.0')
    const now = Date.now() + jumpMs
    await eventually('a row', async () => Math.abs(((await peer.samples()).times.at(-1) ?? 0) - now) < 60_000, signal)
    const view = await peer.samples(now + 10 * dayMs)
    expect(view.times.every((time, at) => at === 0 || time > (view.times[at - 1] ?? 0))).toBe(true)
    expect(view.events.filter(({ subject }) => subject === id)).toHaveLength(1)
    expect(view.events.every(({ time }) => time <= Date.now() + jumpMs)).toBe(true)
    expect(sum(view.columns['operations'])).toBeGreaterThanOrEqual(published - 1)
  }
  const hourMs = 3_600_000
  const traces = await peer.traces()
  expect(traces.filter(({ name }) => name.includes('publish')).length).toBeGreaterThanOrEqual(published)
  for (const { durationMs, spans } of traces)
    for (const span of spans) expect([span.durationMs < hourMs, durationMs < hourMs]).toEqual([true, true])
  for (const { count, value } of (await peer.objectives()).filter(({ unit }) => unit === 'ms'))
    expect(count === 0 || (value ?? 0) < hourMs).toBe(true)
})

test('minutes survive a restart of the engine, with their counts', async () => {
  const before = await begin('restarted')
  const { id } = await before.publish('kept', '1.0.0')
  for (let times = 0; times < 3; times += 1) await before.lookup(id)
  const { 'cache_hits_total{tier="hot"}': hits } = await before.metrics()
  expect(hits).toBeGreaterThan(0)
  await network.leave(before)
  const after = await begin('restarted')
  await after.flush()
  const { times, columns } = await after.samples(undefined, { step: 'minute' })
  expect(times.length).toBeGreaterThan(0)
  expect(sum(columns['cache_hits_hot'])).toBe(hits)
})

test('refuses arguments of the wrong type', async () => {
  const peer = await begin('strict')
  const wrong: [argument: string, call: () => Promise<unknown>][] = [
    ['since', () => peer.samples('yesterday' as never)],
    ['since', () => peer.samples(Number.NaN)],
    ['step', () => peer.samples(0, { step: 'hour' as never })],
    ['step', () => peer.samples(0, 'minute' as never)],
    ['limit', () => peer.traces(-1)],
    ['limit', () => peer.traces(1.5)],
    ['limit', () => peer.traces('all' as never)],
    ['trace-id', () => peer.traces(1, { id: 5 as never })],
    ['since', () => peer.traces(1, { since: '0' as never })],
  ]
  for (const [argument, call] of wrong)
    await expect(call(), argument).rejects.toMatchObject({
      name: 'InvalidArgument',
      reason: { code: 'malformed-argument', argument },
    })
})
