import { expect, test } from 'vitest'
import { createRecordStore, type KeptRecord } from './record-store.ts'

const record = (n: number, shared = true): KeptRecord => ({
  kind: 'release',
  id: n.toString(16).padStart(64, '0'),
  bytes: new Uint8Array([n]),
  shared,
})

test('who watches the ids has those that ids() gives, whatever comes, moves and goes', () => {
  const shelf = createRecordStore()
  shelf.put('releases', 'a', record(1))
  shelf.put('releases', 'hidden', record(2, false))
  const seen = new Map<string, boolean>()
  const told: [number, boolean][] = []
  const stop = shelf.watchIds((id, isShared) => {
    seen.set(id, isShared)
    told.push([Number.parseInt(id, 16), isShared])
  })
  const held = () => [...seen].filter(([, isShared]) => isShared).map(([id]) => id)
  const expectEqual = () =>
    expect(held().sort()).toEqual(
      shelf
        .ids()
        .map((id) => Buffer.from(id).toString('hex'))
        .sort(),
    )

  shelf.put('releases', 'a', record(1))
  expect(told).toEqual([[1, true]])
  shelf.put('releases', 'a', record(3))
  expectEqual()
  // Shown to nobody any more, and again.
  shelf.put('releases', 'a', record(3, false))
  expectEqual()
  shelf.put('releases', 'a', record(3))
  expectEqual()
  // From one row to another.
  shelf.put('pages', 'b', record(3))
  shelf.remove('releases', 'a')
  expectEqual()
  expect(held()).toHaveLength(1)
  shelf.put('releases', 'hidden', record(2))
  expectEqual()
  shelf.remove('pages', 'b')
  expectEqual()
  expect(held()).toHaveLength(1)
  const count = told.length
  stop()
  shelf.remove('releases', 'hidden')
  expect(told).toHaveLength(count)
})
