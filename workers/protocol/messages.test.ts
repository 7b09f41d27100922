import { describe, expect, test } from 'vitest'
import { announcementCodec } from './announcement.ts'
import { entryMaxBytes } from './entry.ts'
import { MAX_SYNC_ENTRIES, MAX_SYNC_IDS, SYNC_BATCH_BYTES } from './limits.ts'
import { type PieceRequest, type PieceResponse, pieceRequestCodec, pieceResponseCodec } from './piece-messages.ts'
import { syncMessageCodec } from './sync-messages.ts'

const hash = new Uint8Array(32)

describe('sync messages', () => {
  test('the fullest fit into one message', () => {
    const ids = Array.from({ length: MAX_SYNC_IDS }, () => hash)
    expect(() => syncMessageCodec.encode({ v: 1, type: 'have', ids, last: false })).not.toThrow()
    const perEntry = SYNC_BATCH_BYTES / MAX_SYNC_ENTRIES
    const entries = Array.from({ length: MAX_SYNC_ENTRIES }, () => ({
      kind: 'release' as const,
      bytes: new Uint8Array(perEntry),
    }))
    expect(() => syncMessageCodec.encode({ v: 1, type: 'entries', entries, last: true })).not.toThrow()
  })

  test('one of each kind at its largest fits into a batch', () => {
    expect(Object.values(entryMaxBytes).reduce((sum, size) => sum + size, 0)).toBeLessThan(SYNC_BATCH_BYTES)
  })

  test('refuses more ids than allowed, and an entry larger than its kind', () => {
    const ids = Array.from({ length: MAX_SYNC_IDS + 1 }, () => hash)
    expect(() => syncMessageCodec.encode({ v: 1, type: 'want', ids, last: true })).toThrow('too many entries')
    const entries = [{ kind: 'head' as const, bytes: new Uint8Array(entryMaxBytes.head + 1) }]
    expect(() => syncMessageCodec.encode({ v: 1, type: 'entries', entries, last: true })).toThrow('too many bytes')
  })
})

describe('piece messages', () => {
  const request: PieceRequest = { v: 1, id: 0, root: hash, want: [0, 3, 381] }
  const response: PieceResponse = { v: 1, id: 0, status: 'ok', piece: 0, size: 1 }

  test('the largest fit', () => {
    const want = Array.from({ length: 16 }, (_, i) => 366 + i)
    expect(pieceRequestCodec.decode(pieceRequestCodec.encode({ ...request, id: 0xffff_ffff, want })).ok).toBe(true)
    expect(pieceResponseCodec.decode(pieceResponseCodec.encode({ ...response, size: 262_144 })).ok).toBe(true)
  })

  test.each<[string, Partial<PieceRequest>]>([
    ['no piece', { want: [] }],
    ['17 pieces', { want: Array.from({ length: 17 }, (_, i) => i) }],
    ['a piece twice', { want: [1, 1] }],
    ['pieces out of order', { want: [2, 1] }],
    ['a piece that no package has', { want: [382] }],
    ['a number of the request over 32 bits', { id: 2 ** 32 }],
  ])('a request for %s is refused', (_, fields) => {
    expect(() => pieceRequestCodec.encode({ ...request, ...fields })).toThrow()
  })

  test.each<[string, Partial<PieceResponse>]>([
    ['bytes where nothing is there', { status: 'absent' }],
    ['no bytes', { size: 0 }],
    ['a piece over its size', { size: 262_145 }],
  ])('a response with %s is refused', (_, fields) => {
    expect(() => pieceResponseCodec.encode({ ...response, ...fields })).toThrow()
  })
})

test('the largest announcement fits into a gossip message', () => {
  const bytes = announcementCodec.encode({
    v: 1,
    identity: new Uint8Array(entryMaxBytes.identity),
    head: new Uint8Array(entryMaxBytes.head),
    release: new Uint8Array(entryMaxBytes.release),
  })
  expect(bytes.length).toBeLessThan(announcementCodec.maxBytes)
})
