import { expect, test } from 'vitest'
import { createRecordStore, type RecordRow } from './record-store.ts'

const record = (n: number, shared = true): RecordRow => ({
  kind: 'release',
  id: n.toString(16).padStart(64, '0'),
  bytes: new Uint8Array([n]),
  shared,
})

test('a watcher of ids tracks ids() through additions, moves and removals', () => {
  const records = createRecordStore()
  records.put('releases', 'a', record(1))
  records.put('releases', 'hidden', record(2, false))
  const seen = new Map<string, boolean>()
  const told: [number, boolean][] = []
  const stop = records.watchIds((id, isShared) => {
    seen.set(id, isShared)
    told.push([Number.parseInt(id, 16), isShared])
  })
  const held = () => [...seen].filter(([, isShared]) => isShared).map(([id]) => id)
  const expectEqual = () =>
    expect(held().sort()).toEqual(
      records
        .ids()
        .map((id) => Buffer.from(id).toString('hex'))
        .sort(),
    )

  records.put('releases', 'a', record(1))
  expect(told).toEqual([[1, true]])
  records.put('releases', 'a', record(3))
  expectEqual()
  // No longer shared, then shared again.
  records.put('releases', 'a', record(3, false))
  expectEqual()
  records.put('releases', 'a', record(3))
  expectEqual()
  // Moved to another row.
  records.put('pages', 'b', record(3))
  records.remove('releases', 'a')
  expectEqual()
  expect(held()).toHaveLength(1)
  records.put('releases', 'hidden', record(2))
  expectEqual()
  records.remove('pages', 'b')
  expectEqual()
  expect(held()).toHaveLength(1)
  const count = told.length
  stop()
  records.remove('releases', 'hidden')
  expect(told).toHaveLength(count)
})
