import { describe, expect, test } from 'vitest'
import { announcementCodec } from './announcement.ts'
import { entryMaxBytes } from './entry.ts'
import type { PublisherId } from './ids.ts'
import {
  DEFLATED_BATCH_MAX_BYTES,
  ENTRY_BATCH_MAX_BYTES,
  MAX_QUERY_ENTRIES,
  MAX_QUERY_TEXT_CHARACTERS,
  MAX_SYNC_ENTRIES,
  MAX_SYNC_LIST,
  MAX_SYNC_RANGES,
  MAX_SYNC_WANTS,
  QUERY_ENTRIES_BYTES,
  SYNC_BATCH_BYTES,
  SYNC_FINGERPRINT_BYTES,
  SYNC_PREFIX_BYTES,
  SYNC_RANGES_BYTES,
} from './limits.ts'
import { type PieceRequest, type PieceResponse, pieceRequestCodec, pieceResponseCodec } from './piece-messages.ts'
import { type QueryRequest, queryRequestCodec, queryResponseCodec } from './query-messages.ts'
import { entryBatchCodec, rangeKind, type SyncRange, syncMessageCodec } from './sync-messages.ts'

const hash = new Uint8Array(32)

describe('sync messages', () => {
  const prefix = new Uint8Array(SYNC_PREFIX_BYTES)
  const list = (count: number) => new Uint8Array(count * SYNC_PREFIX_BYTES)

  test('a message with all lists full fits the limit', () => {
    const fingerprints = Array.from({ length: MAX_SYNC_RANGES }, () => [hash, rangeKind.fingerprint, prefix] as const)
    const want = list(MAX_SYNC_WANTS)
    expect(() =>
      syncMessageCodec.encode({ v: 2, type: 'ranges', ranges: fingerprints, want, last: false }),
    ).not.toThrow()
    const lists = Array.from(
      { length: SYNC_RANGES_BYTES / SYNC_PREFIX_BYTES / 2 },
      () => [hash, rangeKind.list, list(2)] as const,
    ).slice(0, MAX_SYNC_RANGES)
    expect(() => syncMessageCodec.encode({ v: 2, type: 'ranges', ranges: lists, want, last: false })).not.toThrow()
    const deflated = new Uint8Array(DEFLATED_BATCH_MAX_BYTES)
    const size = ENTRY_BATCH_MAX_BYTES
    expect(() => syncMessageCodec.encode({ v: 2, type: 'entries', size, deflated, last: true })).not.toThrow()
  })

  test('a full batch fits, and so does one entry of each kind at maximum size', () => {
    const entries = Array.from({ length: MAX_SYNC_ENTRIES }, () => ({
      kind: 'identity' as const,
      bytes: new Uint8Array(SYNC_BATCH_BYTES / MAX_SYNC_ENTRIES),
    }))
    expect(() => entryBatchCodec.encode({ v: 1, entries })).not.toThrow()
    expect(Object.values(entryMaxBytes).reduce((sum, size) => sum + size, 0)).toBeLessThan(SYNC_BATCH_BYTES)
  })

  test('an entry larger than its kind is refused', () => {
    const entries = [{ kind: 'head' as const, bytes: new Uint8Array(entryMaxBytes.head + 1) }]
    expect(() => entryBatchCodec.encode({ v: 1, entries })).toThrow('an entry with a kind')
  })

  test.each<[string, SyncRange]>([
    ['more ids than allowed', [hash, rangeKind.list, list(MAX_SYNC_LIST + 1)]],
    ['half an id', [hash, rangeKind.list, new Uint8Array(SYNC_PREFIX_BYTES / 2)]],
    ['a short fingerprint', [hash, rangeKind.fingerprint, new Uint8Array(SYNC_FINGERPRINT_BYTES - 1)]],
    ['something in a range that is skipped', [hash, rangeKind.skip, prefix]],
    ['a bound longer than an id', [new Uint8Array(33), rangeKind.fingerprint, prefix]],
  ])('a range with %s is refused', (_, range) => {
    expect(() =>
      syncMessageCodec.encode({ v: 2, type: 'ranges', ranges: [range], want: list(0), last: true }),
    ).toThrow()
  })

  test('a partial id, too many requested ids and a batch with an excessive decompressed size are refused', () => {
    const message = { v: 2, type: 'ranges', ranges: [], last: true } as const
    expect(() => syncMessageCodec.encode({ ...message, want: new Uint8Array(17) })).toThrow('whole ids')
    expect(() => syncMessageCodec.encode({ ...message, want: list(MAX_SYNC_WANTS + 1) })).toThrow('too many bytes')
    const size = ENTRY_BATCH_MAX_BYTES + 1
    expect(() => syncMessageCodec.encode({ v: 2, type: 'entries', size, deflated: prefix, last: true })).toThrow(
      'the number is too large',
    )
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

describe('query messages', () => {
  const search: QueryRequest = { v: 1, type: 'search', text: '', filters: {}, limit: 1 }
  const wide = (count: number): string => '\u{1f600}'.repeat(count)

  test('the largest fit', () => {
    const filters = { category: wide(50), tag: wide(50), license: wide(100), publisher: wide(52) }
    const largest = queryRequestCodec.encode({ ...search, text: wide(MAX_QUERY_TEXT_CHARACTERS), filters, limit: 20 })
    expect(queryRequestCodec.decode(largest).ok).toBe(true)
    const entries = Array.from({ length: MAX_QUERY_ENTRIES }, () => ({
      kind: 'identity' as const,
      bytes: new Uint8Array(Math.floor(QUERY_ENTRIES_BYTES / MAX_QUERY_ENTRIES)),
    }))
    expect(queryResponseCodec.decode(queryResponseCodec.encode({ v: 1, status: 'ok', entries })).ok).toBe(true)
    // A package of maximum size still fits in a response.
    const { identity, head, release } = entryMaxBytes
    expect(identity + head + release).toBeLessThan(QUERY_ENTRIES_BYTES)
  })

  test.each<[string, object]>([
    ['a text that is too long', { text: 'a'.repeat(MAX_QUERY_TEXT_CHARACTERS + 1) }],
    ['a text that is no line', { text: 'a\nb' }],
    ['an empty filter', { filters: { tag: '' } }],
    ['no packages', { limit: 0 }],
    ['more packages than an answer holds', { limit: 21 }],
  ])('a question for %s is refused', (_, fields) => {
    expect(() => queryRequestCodec.encode({ ...search, ...fields } as QueryRequest)).toThrow()
  })

  test('a describe request with an invalid id, a refusal with entries and oversized entries are refused', () => {
    const publisher = 'a'.repeat(52) as PublisherId
    expect(() => queryRequestCodec.encode({ v: 1, type: 'describe', publisher, slug: 'No Slug' })).toThrow()
    const entry = { kind: 'release' as const, bytes: new Uint8Array(entryMaxBytes.release) }
    expect(() => queryResponseCodec.encode({ v: 1, status: 'refused', entries: [entry] })).toThrow('no entries')
    const entries = [entry, entry, entry, entry]
    expect(() => queryResponseCodec.encode({ v: 1, status: 'ok', entries })).toThrow('49152 bytes')
  })
})

test('the largest announcement fits in a gossip message', () => {
  const bytes = announcementCodec.encode({
    v: 1,
    identity: new Uint8Array(entryMaxBytes.identity),
    head: new Uint8Array(entryMaxBytes.head),
    release: new Uint8Array(entryMaxBytes.release),
  })
  expect(bytes.length).toBeLessThan(announcementCodec.maxBytes)
})
