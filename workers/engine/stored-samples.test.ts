import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sampleColumns } from '../contract/sample-columns.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { StoredRow } from '../telemetry/sampler.ts'
import { createStoredSamples } from './stored-samples.ts'

const hourMs = 3_600_000
const start = Math.floor(1_800_000_000_000 / hourMs) * hourMs

const rowAt = (time: number, value = 1, named: Record<string, number> = {}): StoredRow => ({
  time,
  row: new Float64Array(sampleColumns.length).fill(value),
  named: new Map(Object.entries(named)),
})

test('what was saved minute by minute is loaded as it was', async () => {
  const store = createMemoryStore()
  const samples = createStoredSamples(store)
  const rows: StoredRow[] = []
  for (let minute = 0; minute < 150; minute += 1) {
    rows.push(rowAt(start + minute * 60_000, minute / 3, minute % 2 === 0 ? { peerA: minute } : { peerB: 0.25 }))
    const row = rows.at(-1)?.row
    if (row !== undefined) row[minute % row.length] = Number.NaN
    await samples.save(rows.slice(-100))
  }
  const now = start + 150 * 60_000
  expect(await createStoredSamples(store).load(now)).toEqual(rows)
  expect((await store.keys('settings')).length).toBe(3)
})

test('a day later nothing is left, and its records are deleted', async () => {
  const store = createMemoryStore()
  const samples = createStoredSamples(store)
  await samples.save([rowAt(start)])
  await samples.save([rowAt(start + 25 * hourMs)])
  expect(await store.keys('settings')).toHaveLength(1)
  expect(await samples.load(start + 50 * hourMs)).toEqual([])
  expect(await store.keys('settings')).toEqual([])
})

test('rows of a clock that was ahead are dropped', async () => {
  const store = createMemoryStore()
  const samples = createStoredSamples(store)
  await samples.save([rowAt(start + 1), rowAt(start + 60_000), rowAt(start + 120_000)])
  expect((await samples.load(start + 60_000)).map(({ time }) => time)).toEqual([start + 1, start + 60_000])
})

test('a damaged hour is dropped alone, whatever the damage', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.nat(), fc.nat(255), async (junk, at, byte) => {
      const store = createMemoryStore()
      const samples = createStoredSamples(store)
      await samples.save([rowAt(start, 5)])
      await samples.save([rowAt(start + hourMs, 6)])
      const [first = '', second = ''] = await store.keys('settings', 'samples/')
      const value = (await store.get('settings', first)) ?? new Uint8Array()
      const flipped = value.slice()
      flipped[at % flipped.length] = byte
      for (const damaged of [junk, flipped, value.subarray(0, at % value.length)]) {
        await store.write([
          { table: 'settings', key: first, value: damaged },
          { table: 'settings', key: 'samples/x', value: junk },
          { table: 'settings', key: 'relays', value: junk },
        ])
        const rows = await samples.load(start + hourMs + 1)
        expect(rows.at(-1)).toEqual(rowAt(start + hourMs, 6))
        // A changed number is not detectable, but is one.
        for (const { time, row } of rows) {
          expect(time).toBeGreaterThanOrEqual(start)
          expect(row).toHaveLength(sampleColumns.length)
          expect(row.some((number) => Math.abs(number) === Number.POSITIVE_INFINITY)).toBe(false)
        }
        expect(await store.keys('settings')).toEqual(expect.arrayContaining(['relays', second]))
        expect(await store.get('settings', 'samples/x')).toBeUndefined()
      }
    }),
    { numRuns: 60 },
  )
})

test('a store that fails costs nothing but the rows', async () => {
  const broken = {
    getMany: () => Promise.reject(new Error('The disk is gone.')),
    keys: () => Promise.reject(new Error('The disk is gone.')),
    write: () => Promise.reject(new Error('The disk is gone.')),
  }
  const samples = createStoredSamples(broken)
  await samples.save([rowAt(start)])
  expect(await samples.load(start)).toEqual([])
})
