import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noRows, readSamples, type SampleRows } from './sample-rows.ts'
import { append, emptyWindow, nearestRow, type SampleWindow } from './window.ts'

const empty = (spanMs = 60_000): SampleWindow => emptyWindow(1000, spanMs)

const rowsAt = (times: number[], columns: Record<string, number[]> = {}): SampleRows =>
  readSamples({
    times: Float64Array.from(times),
    columns: Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, Float64Array.from(values)])),
    points: { dht_lookup: { times: Float64Array.from(times), values: Float64Array.from(times, (time) => time * 2) } },
    events: times.map((time) => ({ time, kind: 'published', subject: String(time) })),
  })

const part = ({ times, columns }: SampleRows, from: number, to: number): SampleRows =>
  rowsAt(
    [...times.slice(from, to)],
    Object.fromEntries([...columns].map(([name, column]) => [name, [...column.slice(from, to)]])),
  )

const ascending = fc
  .array(fc.integer({ min: 1, max: 5000 }), { maxLength: 60 })
  .map((steps) => steps.map((_step, at) => steps.slice(0, at + 1).reduce((sum, step) => sum + step, 0)))

describe('a window', () => {
  test('is the same whether rows arrive at once or in parts', () => {
    fc.assert(
      fc.property(ascending, fc.array(fc.nat(60), { maxLength: 5 }), (times, cuts) => {
        const all = rowsAt(times, { a: times.map((time) => time / 3) })
        const ends = [...cuts.map((cut) => Math.min(cut, times.length)).sort((a, b) => a - b), times.length]
        let inParts = empty()
        let from = 0
        for (const to of ends) {
          inParts = append(inParts, part(all, from, to), inParts.times.at(-1))
          from = to
        }
        const atOnce = append(empty(), all)
        expect(inParts.times).toEqual(atOnce.times)
        expect(inParts.columns.get('a') ?? new Float64Array()).toEqual(atOnce.columns.get('a') ?? new Float64Array())
        expect(inParts.points.get('dht_lookup') ?? none).toEqual(atOnce.points.get('dht_lookup') ?? none)
        expect(inParts.events).toEqual(atOnce.events)
      }),
    )
  })

  test('keeps nothing older than its span, and all columns as long as its times', () => {
    fc.assert(
      fc.property(ascending, ascending, fc.integer({ min: 1, max: 100_000 }), (first, second, spanMs) => {
        const end = first.at(-1) ?? 0
        const window = append(
          append(empty(spanMs), rowsAt(first, { a: first })),
          rowsAt(
            second.map((time) => time + end),
            { b: second },
          ),
        )
        const { times, columns, events } = window
        const last = times.at(-1) ?? 0
        for (const time of times) expect(time).toBeGreaterThanOrEqual(last - spanMs)
        for (const { time } of events) expect(time).toBeGreaterThanOrEqual(last - spanMs)
        for (const column of columns.values()) expect(column).toHaveLength(times.length)
      }),
    )
  })

  test('a column that begins or ends has no values in the other rows, and is dropped when it is empty', () => {
    let window = append(empty(3000), rowsAt([1000, 2000], { a: [1, 2] }))
    window = append(window, rowsAt([3000], { b: [3] }))
    expect(window.columns.get('a')).toEqual(Float64Array.of(1, 2, Number.NaN))
    expect(window.columns.get('b')).toEqual(Float64Array.of(Number.NaN, Number.NaN, 3))
    window = append(window, rowsAt([9000], { b: [4] }))
    expect([...window.columns.keys()]).toEqual(['b'])
  })

  test('rows before the clock was set back are replaced by those after it', () => {
    const window = append(
      append(empty(), rowsAt([1000, 2000, 3000], { a: [1, 2, 3] })),
      rowsAt([1500, 2500], { a: [10, 20] }),
    )
    expect([...window.times]).toEqual([1000, 1500, 2500])
    expect([...(window.columns.get('a') ?? [])]).toEqual([1, 10, 20])
  })

  test('peers that come and go push out no event of another kind', () => {
    const churn = Array.from({ length: 199 }, (_, at) => ({
      time: 100 + at,
      kind: 'peer-joined' as const,
      subject: '',
    }))
    const published = { time: 50, kind: 'published' as const, subject: 'a package' }
    const first = append(empty(), { ...noRows, times: Float64Array.of(1000), events: [published, ...churn] })
    const later = churn.map((event) => ({ ...event, time: event.time + 1000 }))
    const window = append(first, { ...noRows, times: Float64Array.of(2000), events: later }, 1000)
    expect([window.events.length, window.events[0]]).toEqual([200, published])
  })

  test('measurements and events of the current second are not counted twice', () => {
    const first = { ...noRows, times: Float64Array.of(1000), ...measured([900, 1200]) }
    const second = { ...noRows, times: Float64Array.of(2000), ...measured([1200, 1900]) }
    const window = append(append(empty(), first), second, 1000)
    expect([...(window.points.get('search')?.times ?? [])]).toEqual([900, 1200, 1900])
    expect(window.events.map(({ time }) => time)).toEqual([900, 1200, 1900])
  })

  test('of more than 2,000 measurements, the last are kept', () => {
    const many = Array.from({ length: 3000 }, (_, at) => at)
    const window = append(empty(), { ...noRows, times: Float64Array.of(3000), ...measured(many) })
    expect(window.points.get('search')?.times).toHaveLength(2000)
    expect(window.points.get('search')?.times[0]).toBe(1000)
    expect(window.events).toHaveLength(200)
  })
})

test('the nearest row is the one that a search of all rows finds', () => {
  fc.assert(
    fc.property(ascending, fc.integer({ min: -1000, max: 400_000 }), (times, time) => {
      const found = nearestRow(times, time)
      if (times.length === 0) expect(found).toBe(-1)
      else expect(Math.abs((times[found] ?? 0) - time)).toBe(Math.min(...times.map((each) => Math.abs(each - time))))
    }),
  )
})

const none = { times: new Float64Array(), values: new Float64Array() }

const measured = (times: number[]): Pick<SampleRows, 'points' | 'events'> => ({
  points: new Map([['search', { times: Float64Array.from(times), values: Float64Array.from(times) }]]),
  events: times.map((time) => ({ time, kind: 'installed' as const, subject: '' })),
})
