import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isFailure } from '../contract/failures.ts'
import { type Change, type Store, tableNames } from '../store/store.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

/** The name of the failure that `work` rejects with; undefined for no or an unnamed failure. */
export const failureName = async (work: Promise<unknown>): Promise<string | undefined> => {
  try {
    await work
    return undefined
  } catch (thrown) {
    return isFailure(thrown) ? thrown.name : `not named: ${String(thrown)}`
  }
}

/** Compares bytes; `toEqual` is slow for large values. */
export const isSame = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  a !== undefined && a.length === b.length && a.every((byte, index) => byte === b[index])

/** The tests that every implementation of `Store` must pass. `open` returns an empty store each time. */
export const describeStore = (name: string, open: () => Promise<Store>): void => {
  describe(`store: ${name}`, () => {
    let store: Store

    beforeEach(async () => {
      store = await open()
    })
    afterEach(async () => {
      await store.close()
    })

    test('has every table, with separate keys', async () => {
      for (const [index, table] of tableNames.entries()) {
        await store.write([{ table, key: 'same', value: bytes(index) }])
      }
      for (const [index, table] of tableNames.entries()) {
        expect(await store.get(table, 'same')).toEqual(bytes(index))
        expect(await store.keys(table)).toEqual(['same'])
      }
    })

    test('returns undefined for a missing key, and empty bytes for empty bytes', async () => {
      await store.write([{ table: 'heads', key: '', value: bytes() }])
      expect(await store.get('heads', 'none')).toBeUndefined()
      expect(await store.get('heads', '')).toEqual(bytes())
      expect(await store.keys('releases')).toEqual([])
      expect(await store.entries('releases')).toEqual([])
    })

    test('overwrites and deletes in the order of the changes', async () => {
      await store.write([
        { table: 'heads', key: 'a', value: bytes(1) },
        { table: 'heads', key: 'a', value: bytes(2) },
        { table: 'heads', key: 'b', value: bytes(3) },
        { table: 'heads', key: 'b', value: undefined },
        { table: 'heads', key: 'never there', value: undefined },
      ])
      expect(await store.entries('heads')).toEqual([['a', bytes(2)]])
    })

    test('reads many in the requested order, with gaps and repetitions', async () => {
      await store.write([
        { table: 'pieces', key: 'a', value: bytes(1) },
        { table: 'pieces', key: 'b', value: bytes(2) },
      ])
      expect(await store.getMany('pieces', ['b', 'none', 'a', 'b'])).toEqual([bytes(2), undefined, bytes(1), bytes(2)])
      expect(await store.getMany('pieces', [])).toEqual([])
    })

    test('applies all changes of a write, or none', async () => {
      await store.write([{ table: 'heads', key: 'kept', value: bytes(1) }])
      const transferred = bytes(1, 2, 3)
      structuredClone(transferred, { transfer: [transferred.buffer] })
      const refused = store.write([
        { table: 'heads', key: 'kept', value: undefined },
        { table: 'releases', key: 'new', value: bytes(2) },
        { table: 'pieces', key: 'impossible', value: transferred },
      ])
      expect(await failureName(refused)).toBe('StorageUnavailable')
      expect(await store.entries('heads')).toEqual([['kept', bytes(1)]])
      expect(await store.keys('releases')).toEqual([])
      await store.write([{ table: 'heads', key: 'later', value: bytes(3) }])
      expect(await store.keys('heads')).toEqual(['kept', 'later'])
    })

    test('applies writes of several callers in the order in which they started', async () => {
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          store.write([{ table: 'settings', key: 'last', value: bytes(index) }], {
            durability: index % 2 === 0 ? 'strict' : 'relaxed',
          }),
        ),
      )
      expect(await store.get('settings', 'last')).toEqual(bytes(19))
    })

    test('is unaffected by later changes to the bytes of a caller', async () => {
      const given = bytes(1, 2, 3)
      const writing = store.write([{ table: 'keys', key: 'node', value: given }])
      given.fill(9)
      await writing
      expect(await store.get('keys', 'node')).toEqual(bytes(1, 2, 3))
      ;(await store.get('keys', 'node'))?.fill(9)
      expect(await store.get('keys', 'node')).toEqual(bytes(1, 2, 3))
    })

    test('stores a view without the buffer under it', async () => {
      const large = new Uint8Array(100_000)
      await store.write([{ table: 'pieces', key: 'view', value: large.subarray(10, 14) }])
      const read = await store.get('pieces', 'view')
      expect(read).toEqual(bytes(0, 0, 0, 0))
      expect(read?.buffer.byteLength).toBe(4)
    })

    test('keeps large values', async () => {
      const large = new Uint8Array(5 * 1024 * 1024).map((_, index) => (index * 31) % 251)
      await store.write([{ table: 'pieces', key: 'large', value: large }], { durability: 'strict' })
      expect(isSame(await store.get('pieces', 'large'), large)).toBe(true)
    })

    test('completes an empty write at once', async () => {
      await store.write([])
      expect(await store.keys('heads')).toEqual([])
    })

    test('finds keys by a prefix, also at the last code units', async () => {
      const keys = ['', 'a', 'a/', 'a/1', 'a/\uffff', 'a/\uffff\uffff', 'a0', 'b', '\uffff', '\uffff\uffff', '😀']
      await store.write(keys.map((key): Change => ({ table: 'peers', key, value: bytes(1) })))
      for (const prefix of ['', 'a', 'a/', 'a/\uffff', '\uffff', '\ud83d', 'none']) {
        const expected = keys.filter((key) => key.startsWith(prefix)).sort()
        expect(await store.keys('peers', prefix)).toEqual(expected)
        expect((await store.entries('peers', prefix)).map(([key]) => key)).toEqual(expected)
      }
    })

    test('agrees with a plain map for any sequence of writes', async () => {
      const key = fc.string({ minLength: 0, maxLength: 3, unit: fc.constantFrom('a', 'b', '/', '\uffff') })
      const value = fc.option(fc.uint8Array({ maxLength: 8 }), { nil: undefined })
      const writes = fc.array(fc.array(fc.tuple(key, value), { maxLength: 6 }), { maxLength: 8 })
      await fc.assert(
        fc.asyncProperty(writes, key, async (sequence, prefix) => {
          const twin = new Map<string, Uint8Array>()
          await store.write(
            (await store.keys('outbox')).map((old) => ({ table: 'outbox', key: old, value: undefined })),
          )
          for (const changes of sequence) {
            await store.write(changes.map(([at, given]): Change => ({ table: 'outbox', key: at, value: given })))
            for (const [at, given] of changes) given === undefined ? twin.delete(at) : twin.set(at, given)
          }
          const expected = [...twin].filter(([at]) => at.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1))
          expect(await store.entries('outbox', prefix)).toEqual(expected)
          expect(await store.keys('outbox', prefix)).toEqual(expected.map(([at]) => at))
        }),
        { seed: 2, numRuns: 60 },
      )
    })

    test('rejects every call with StorageUnavailable once it is closed', async () => {
      await store.write([{ table: 'heads', key: 'a', value: bytes(1) }])
      await store.close()
      await store.close()
      expect(await failureName(store.get('heads', 'a'))).toBe('StorageUnavailable')
      expect(await failureName(store.getMany('heads', ['a']))).toBe('StorageUnavailable')
      expect(await failureName(store.keys('heads'))).toBe('StorageUnavailable')
      expect(await failureName(store.entries('heads'))).toBe('StorageUnavailable')
      expect(await failureName(store.write([{ table: 'heads', key: 'a', value: bytes(1) }]))).toBe('StorageUnavailable')
    })
  })
}
