import * as v from 'valibot'
import { peerOfColumn, reputationColumn, type SampleColumn, sampleColumns } from '../contract/sample-columns.ts'
import { createCodec } from '../protocol/codec.ts'
import { bytes, integer } from '../protocol/fields.ts'
import type { Store } from '../store/store.ts'
import type { StoredRow } from '../telemetry/sampler.ts'

/**
 * The minutes of the last day in the store: a record an hour, so that a write is small and damage costs an hour. Rows
 * that no longer make sense, as after a change of the clock, are dropped.
 */
export interface StoredSamples {
  /** Rows of the last day before `now`, oldest first. Removes records that are old or damaged. Never rejects. */
  load(now: number): Promise<StoredRow[]>
  /** Replaces the hour of the newest of `rows` by those of them in it. Never rejects. */
  save(rows: readonly StoredRow[]): Promise<void>
}

/** The part of a store that it uses. */
export type SampleStore = Pick<Store, 'getMany' | 'keys' | 'write'>

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const prefix = 'samples/'

/** Rows in a record: one a minute, and more where the engine restarted within a minute. */
export const maxRowsInHour = 240

const maxColumns = sampleColumns.length + 64

interface HourRecord {
  readonly v: 1
  /** Hours since the epoch. */
  readonly hour: number
  /** Columns of 64-bit floats, little endian. Times are ms since the epoch. */
  readonly times: Uint8Array
  readonly columns: Readonly<Record<string, Uint8Array>>
}

const column = bytes(8, maxRowsInHour * 8)

const hourCodec = createCodec<HourRecord>({
  name: 'hour of measurements',
  version: 1,
  maxBytes: (maxColumns + 1) * (maxRowsInHour * 8 + 160),
  maxItems: 2 * maxColumns + 16,
  schema: v.strictObject({
    v: v.literal(1),
    hour: integer(0),
    times: column,
    columns: v.record(v.pipe(v.string(), v.maxLength(140)), column),
  }),
})

export const createStoredSamples = (store: SampleStore): StoredSamples => ({
  async load(now) {
    try {
      const thisHour = Math.floor(now / hourMs)
      const wanted = Array.from({ length: 25 }, (_, back) => keyOf(thisHour - back)).reverse()
      const values = await store.getMany('settings', wanted)
      const rows = wanted.map((key, at) => {
        const value = values[at]
        const found = value === undefined ? undefined : decodeHour(key, value)
        return { key, rows: found?.filter(({ time }) => time > now - dayMs && time <= now) ?? [] }
      })
      const useful = new Set(rows.filter((each) => each.rows.length > 0).map(({ key }) => key))
      const useless = (await store.keys('settings', prefix)).filter((key) => !useful.has(key))
      if (useless.length > 0)
        await store.write(useless.map((key) => ({ table: 'settings', key, value: undefined }))).catch(() => {})
      return rows.flatMap((each) => each.rows)
    } catch {
      return []
    }
  },
  async save(rows) {
    const newest = rows.at(-1)
    if (newest === undefined) return
    const hour = Math.floor(newest.time / hourMs)
    const inHour = rows.filter(({ time }) => Math.floor(time / hourMs) === hour).slice(-maxRowsInHour)
    try {
      await store.write([
        { table: 'settings', key: keyOf(hour), value: encodeHour(hour, inHour) },
        { table: 'settings', key: keyOf(hour - 25), value: undefined },
      ])
    } catch {
      // The next write of this hour holds these rows as well.
    }
  },
})

const keyOf = (hour: number): string => prefix + hour

const encodeHour = (hour: number, rows: readonly StoredRow[]): Uint8Array => {
  const columns: Record<string, Uint8Array> = {}
  const add = (name: string, values: Float64Array): void => {
    if (!values.every(Number.isNaN)) columns[name] = toBytes(values)
  }
  for (const [at, name] of sampleColumns.entries())
    add(
      name,
      Float64Array.from(rows, ({ row }) => row[at] ?? Number.NaN),
    )
  const peers = [...new Set(rows.flatMap(({ named }) => [...named.keys()]))].slice(-(maxColumns - sampleColumns.length))
  for (const peer of peers)
    add(
      reputationColumn(peer),
      Float64Array.from(rows, ({ named }) => named.get(peer) ?? Number.NaN),
    )
  return hourCodec.encode({ v: 1, hour, times: toBytes(Float64Array.from(rows, ({ time }) => time)), columns })
}

/** The rows of a record; undefined when it is damaged. Unknown columns, of another version, are dropped. */
const decodeHour = (key: string, value: Uint8Array): StoredRow[] | undefined => {
  const read = hourCodec.decode(value)
  if (!read.ok || key !== keyOf(read.value.hour)) return undefined
  const { hour, columns } = read.value
  const times = toNumbers(read.value.times)
  if (times?.every((time, at) => Math.floor(time / hourMs) === hour && time > (times[at - 1] ?? 0)) !== true)
    return undefined
  const row = new Map<SampleColumn, Float64Array>()
  const named = new Map<string, Float64Array>()
  for (const [name, given] of Object.entries(columns)) {
    const numbers = toNumbers(given)
    if (numbers?.length !== times.length) return undefined
    const peer = peerOfColumn(name)
    if (peer !== undefined && /^[A-Za-z0-9]{1,128}$/.test(peer)) named.set(peer, numbers)
    else if (isColumn(name)) row.set(name, numbers)
  }
  return Array.from(times, (time, at) => ({
    time,
    row: Float64Array.from(sampleColumns, (name) => finite(row.get(name)?.[at])),
    named: new Map(
      [...named].flatMap(([peer, numbers]) => {
        const value = finite(numbers[at])
        return Number.isNaN(value) ? [] : [[peer, value] as const]
      }),
    ),
  }))
}

const isColumn = (name: string): name is SampleColumn => (sampleColumns as readonly string[]).includes(name)

const finite = (value: number | undefined): number =>
  value !== undefined && Number.isFinite(value) ? value : Number.NaN

const toBytes = (numbers: Float64Array): Uint8Array => {
  const view = new DataView(new ArrayBuffer(numbers.length * 8))
  for (const [at, number] of numbers.entries()) view.setFloat64(at * 8, number, true)
  return new Uint8Array(view.buffer)
}

const toNumbers = (given: Uint8Array): Float64Array | undefined => {
  if (given.byteLength % 8 !== 0) return undefined
  const view = new DataView(given.buffer, given.byteOffset, given.byteLength)
  return Float64Array.from({ length: given.byteLength / 8 }, (_, at) => view.getFloat64(at * 8, true))
}
