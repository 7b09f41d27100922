import { expect, test } from 'vitest'
import type { PoolCounts } from '../net/pool/pool-counts.ts'
import { createInMemoryMeter } from '../telemetry/in-memory-meter.ts'
import { createEngineEvents } from './events.ts'
import { createPeerEvents } from './peer-events.ts'

const compose = () => {
  let time = 0
  const { meter, reader } = createInMemoryMeter()
  const events = createEngineEvents({
    telemetry: { meter },
    now: () => {
      time += 1
      return time
    },
  })
  return { events, reader }
}

test('keeps the last 200 events and counts all', () => {
  const { events, reader } = compose()
  for (let n = 0; n < 500; n += 1) events.emit(n % 2 === 0 ? 'published' : 'installed', `package ${n}`)
  const kept = events.since(0)
  expect([kept.length, kept[0]?.subject, kept.at(-1)?.subject]).toEqual([200, 'package 300', 'package 499'])
  expect(events.since(499).map(({ subject }) => subject)).toEqual(['package 499'])
  expect(reader.sum('events_total', { kind: 'published' })).toBe(250)
})

test('cuts subjects that are longer than any id', () => {
  const { events } = compose()
  events.emit('peer-banned', 'x'.repeat(10_000))
  expect(events.since(0)[0]?.subject).toHaveLength(200)
})

test('reports peers and relays that came and went', () => {
  const { events } = compose()
  const note = createPeerEvents(events)
  const counts = (direct: string[], relayed: string[], relays: string[]): PoolCounts => ({
    direct: new Set(direct),
    relayed: new Set(relayed),
    relays: new Set(relays),
    health: { healthy: 0, degraded: 0, unhealthy: 0 },
  })
  note(counts(['a'], ['b'], ['r']))
  // A path that changes is no event.
  note(counts(['b'], ['a'], ['r']))
  note(counts(['b', 'c'], [], []))
  expect(events.since(0).map(({ kind, subject }) => `${kind} ${subject}`)).toEqual([
    'peer-joined a',
    'peer-joined b',
    'relay-connected r',
    'peer-joined c',
    'peer-left a',
    'relay-lost r',
  ])
})

test('when the clock was set back, events are those since, until it has caught up', () => {
  const clock = { ms: 3_600_000 }
  const { meter } = createInMemoryMeter()
  const events = createEngineEvents({ telemetry: { meter }, now: () => clock.ms })
  events.emit('published', 'before')
  clock.ms = 1_000
  events.emit('published', 'after')
  expect(events.since(0).map(({ subject }) => subject)).toEqual(['after'])
  clock.ms = 3_600_000
  expect(events.since(0).map(({ subject }) => subject)).toEqual(['before', 'after'])
})
