import fc from 'fast-check'
import type { Announcement } from '../protocol/announcement.ts'
import { announcementCodec } from '../protocol/announcement.ts'
import type { Codec } from '../protocol/codec.ts'
import type { DhtValue } from '../protocol/dht-value.ts'
import { dhtValueCodec } from '../protocol/dht-value.ts'
import type { Entry } from '../protocol/entry.ts'
import { type Envelope, envelopeCodecs } from '../protocol/envelope.ts'
import { type Head, type HeadPage, headCodec, headPageCodec, type VersionEntry } from '../protocol/head.ts'
import {
  type IdentityChain,
  type IdentityDocument,
  identityChainCodec,
  identityDocumentCodec,
} from '../protocol/identity.ts'
import { hashToPublisherId, isSlug, packageId } from '../protocol/ids.ts'
import { PIECE_BYTES } from '../protocol/limits.ts'
import { type ContentManifest, manifestCodec } from '../protocol/manifest.ts'
import { findCollision, validatePath } from '../protocol/paths.ts'
import {
  type PieceRequest,
  type PieceResponse,
  pieceRequestCodec,
  pieceResponseCodec,
} from '../protocol/piece-messages.ts'
import {
  type QueryRequest,
  type QueryResponse,
  queryRequestCodec,
  queryResponseCodec,
} from '../protocol/query-messages.ts'
import { type Dependency, type Release, releaseCodec } from '../protocol/release.ts'
import {
  type EntryBatch,
  entryBatchCodec,
  rangeKind,
  type SyncMessage,
  type SyncRange,
  syncMessageCodec,
} from '../protocol/sync-messages.ts'
import { toLine } from '../protocol/text.ts'
import type { FormatName } from '../protocol/version.ts'
import { pickLatest } from '../protocol/versions-and-ranges.ts'

/** Random valid records of every format, for property and mutation tests. */

/** A format with its codec and a source of valid values. */
export interface Sample<T = unknown> {
  readonly format: FormatName
  readonly codec: Codec<T>
  readonly arbitrary: fc.Arbitrary<T>
}

/** Runs `use` for each format. A function, because the type of the value differs between formats. */
export const forEachSample = (use: <T>(sample: Sample<T>) => void): void => {
  use({ format: 'identityDocument', codec: identityDocumentCodec, arbitrary: identityDocument })
  use({ format: 'identityChain', codec: identityChainCodec, arbitrary: identityChain })
  use({ format: 'envelope', codec: envelopeCodecs.release, arbitrary: envelope('release', 2000) })
  use({ format: 'envelope', codec: envelopeCodecs.head, arbitrary: envelope('head', 880) })
  use({ format: 'release', codec: releaseCodec, arbitrary: release })
  use({ format: 'head', codec: headCodec, arbitrary: head })
  use({ format: 'headPage', codec: headPageCodec, arbitrary: headPage })
  use({ format: 'manifest', codec: manifestCodec, arbitrary: manifest })
  use({ format: 'dhtValue', codec: dhtValueCodec, arbitrary: dhtValue })
  use({ format: 'announcement', codec: announcementCodec, arbitrary: announcement })
  use({ format: 'syncMessage', codec: syncMessageCodec, arbitrary: syncMessage })
  use({ format: 'entryBatch', codec: entryBatchCodec, arbitrary: entryBatch })
  use({ format: 'pieceRequest', codec: pieceRequestCodec, arbitrary: pieceRequest })
  use({ format: 'pieceResponse', codec: pieceResponseCodec, arbitrary: pieceResponse })
  use({ format: 'queryRequest', codec: queryRequestCodec, arbitrary: queryRequest })
  use({ format: 'queryResponse', codec: queryResponseCodec, arbitrary: queryResponse })
}

const byteString = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max, size: 'max' })
const hash = byteString(32, 32)
/** Several concatenated id prefixes. */
const prefixes = (max: number) =>
  fc.array(byteString(16, 16), { maxLength: max }).map((each) => Uint8Array.from(each.flatMap((one) => [...one])))
const key = byteString(32, 32)
const signature = byteString(64, 64)
const seq = fc.integer({ min: 1, max: 1_000_000 })

const line = (min: number, max: number) =>
  fc
    .string({ unit: 'grapheme', maxLength: max, size: 'max' })
    .map((text) => toLine(text, max))
    .filter((text) => text.length >= min)
const lines = (maxEntries: number, max: number) => fc.uniqueArray(line(1, max), { maxLength: maxEntries })

export const publisherId = hash.map(hashToPublisherId)
export const slug = fc.stringMatching(/^[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?$/).filter(isSlug)

export const version = fc
  .tuple(
    fc.nat({ max: 30 }),
    fc.nat({ max: 30 }),
    fc.nat({ max: 999 }),
    fc.option(fc.stringMatching(/^[a-z]{1,5}(?:\.[1-9])?$/), { nil: undefined }),
    fc.option(fc.stringMatching(/^[a-z0-9]{1,5}$/), { nil: undefined }),
  )
  .map(
    ([major, minor, patch, pre, build]) =>
      `${major}.${minor}.${patch}${pre === undefined ? '' : `-${pre}`}${build === undefined ? '' : `+${build}`}`,
  )

const range = fc.oneof(version, fc.constantFrom('*', '^1.0.0', '>=0.1.0', '~2.3', '1.x || >=3.0.0 <4', '1.0'))

const pathPart = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_-]{1,12}(?:\.[a-z]{1,4})?$/),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map((text) => text.normalize('NFC')),
)

export const path = fc
  .array(pathPart, { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join('/'))
  .filter((candidate) => validatePath(candidate).ok)

const identityDocument: fc.Arbitrary<IdentityDocument> = fc
  .record({
    seq: fc.integer({ min: 1, max: 24 }),
    prev: hash,
    rotationKeys: fc.uniqueArray(key, { minLength: 1, maxLength: 8, selector: String }),
    threshold: fc.nat({ max: 7 }),
    signingKeys: fc.uniqueArray(key, { maxLength: 8, selector: String }),
    name: line(1, 40).filter((name) => !/[@/~]/.test(name)),
  })
  .map((fields) => ({
    ...fields,
    v: 1,
    prev: fields.seq === 1 ? null : fields.prev,
    threshold: 1 + (fields.threshold % fields.rotationKeys.length),
    revoked: fields.signingKeys.length === 0,
  }))

const identityChain: fc.Arbitrary<IdentityChain> = fc.record({
  v: fc.constant(1 as const),
  documents: fc.array(
    fc.record({
      document: byteString(1, 300),
      signatures: fc
        .uniqueArray(fc.record({ key: fc.nat({ max: 7 }), signature }), {
          minLength: 1,
          maxLength: 3,
          selector: (entry) => entry.key,
        })
        .map((entries) => entries.sort((a, b) => a.key - b.key)),
    }),
    { minLength: 1, maxLength: 8 },
  ),
})

const envelope = (kind: Envelope['kind'], maxBody: number): fc.Arbitrary<Envelope> =>
  fc.record({ v: fc.constant(1 as const), kind: fc.constant(kind), body: byteString(1, maxBody), key, signature })

const dependency: fc.Arbitrary<Dependency> = fc.oneof(
  fc.record({ kind: fc.constant('package' as const), name: slug, range, optional: fc.boolean() }),
  fc
    .record({
      kind: fc.constant('package' as const),
      name: slug,
      publisher: publisherId,
      range,
      optional: fc.boolean(),
    })
    .map(({ publisher, ...fields }) => ({ ...fields, id: packageId(publisher, fields.name) })),
  fc.record({
    kind: fc.constant('external' as const),
    name: line(1, 60),
    range: line(0, 20),
    optional: fc.boolean(),
    ecosystem: fc.constantFrom('crate', 'npm', 'python', 'tool'),
  }),
  fc.record({
    kind: fc.constantFrom('asset', 'unknown'),
    name: line(1, 60),
    range: line(0, 20),
    optional: fc.boolean(),
  }),
)

export const release: fc.Arbitrary<Release> = fc
  .record(
    {
      v: fc.constant(1 as const),
      publisher: publisherId,
      slug,
      version,
      root: hash,
      size: fc.nat({ max: 100_000_000 }),
      fileCount: fc.integer({ min: 1, max: 1000 }),
      dependencies: fc.array(dependency, { maxLength: 6 }),
      closure: fc.array(
        fc
          .tuple(publisherId, slug, version, hash)
          .map(([publisher, name, of, root]) => ({ id: packageId(publisher, name), version: of, root })),
        { maxLength: 4 },
      ),
      seq,
      prevRelease: fc.option(hash),
      publishedAt: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      displayName: line(1, 100),
      description: line(0, 300),
      category: line(1, 50),
      tags: lines(10, 20),
      keywords: lines(10, 20),
      license: line(0, 60),
      authors: lines(4, 60),
      repository: fc.constantFrom('', 'https://example.org/repository'),
      hasTemplates: fc.boolean(),
    },
    {
      requiredKeys: [
        'v',
        'publisher',
        'slug',
        'version',
        'root',
        'size',
        'fileCount',
        'dependencies',
        'seq',
        'prevRelease',
        'publishedAt',
        'displayName',
        'description',
        'category',
        'tags',
        'keywords',
        'license',
        'authors',
        'repository',
        'hasTemplates',
      ],
    },
  )
  .map((fields) => ({ ...fields, seq: fields.prevRelease === null ? 1 : fields.seq + 1 }))

const versionEntry: fc.Arbitrary<VersionEntry> = fc.record(
  { version, release: hash, yanked: fc.constant(true as const) },
  { requiredKeys: ['version', 'release'] },
)

export const versionEntries = (max: number): fc.Arbitrary<VersionEntry[]> =>
  fc.uniqueArray(versionEntry, { minLength: 1, maxLength: max, selector: (entry) => entry.version, size: 'max' })

const head: fc.Arbitrary<Head> = fc
  .record({ publisher: publisherId, slug, seq, versions: versionEntries(8), older: fc.option(hash) })
  .map((fields) => ({ ...fields, v: 1, latest: pickLatest(fields.versions) ?? '0.0.0' }))

const headPage: fc.Arbitrary<HeadPage> = fc.record({
  v: fc.constant(1 as const),
  publisher: publisherId,
  slug,
  versions: versionEntries(40),
  older: fc.option(hash),
})

export const manifest: fc.Arbitrary<ContentManifest> = fc
  .uniqueArray(
    fc.record(
      {
        path,
        size: fc.oneof(fc.nat({ max: 3000 }), fc.nat({ max: 900_000 })),
        executable: fc.constant(true as const),
        sha256: hash,
      },
      { requiredKeys: ['path', 'size', 'sha256'] },
    ),
    { minLength: 1, maxLength: 12, selector: (file) => file.path },
  )
  .filter((files) => findCollision(files.map((file) => file.path)) === undefined)
  .map((files) => {
    const size = files.reduce((sum, file) => sum + file.size, 0)
    return {
      v: 1,
      files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
      pieceSize: PIECE_BYTES,
      size,
      pieces: Array.from({ length: Math.ceil(size / PIECE_BYTES) }, (_, n) => new Uint8Array(32).fill(n)),
    }
  })

const dhtValue: fc.Arbitrary<DhtValue> = fc.record({
  v: fc.constant(1 as const),
  identity: byteString(1, 400),
  head: byteString(1, 400),
})

const announcement: fc.Arbitrary<Announcement> = fc.record({
  v: fc.constant(1 as const),
  identity: byteString(1, 400),
  head: byteString(1, 400),
  release: fc.option(byteString(1, 600)),
})

const entry: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constantFrom('identity', 'head', 'release', 'page'),
  bytes: byteString(1, 200),
})

const syncRange: fc.Arbitrary<SyncRange> = fc.oneof(
  fc.tuple(byteString(0, 32), fc.constant(rangeKind.skip), fc.constant(new Uint8Array(0))),
  fc.tuple(byteString(0, 32), fc.constant(rangeKind.fingerprint), byteString(16, 16)),
  fc.tuple(byteString(0, 32), fc.constant(rangeKind.list), prefixes(12)),
)

/** What the field for a trace may hold: a context, or anything else, which receivers ignore. */
const trace = fc.oneof(
  fc.constant('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
  fc.string({ maxLength: 60, unit: 'grapheme' }),
  fc.nat(),
  byteString(0, 60),
  fc.constant(null),
)

const syncMessage: fc.Arbitrary<SyncMessage> = fc.oneof(
  fc.record(
    {
      v: fc.constant(2 as const),
      type: fc.constant('hello' as const),
      count: fc.nat(),
      fingerprint: byteString(16, 16),
      trace,
    },
    { requiredKeys: ['v', 'type', 'count', 'fingerprint'] },
  ),
  fc.record({ v: fc.constant(2 as const), type: fc.constantFrom('equal', 'more') }),
  fc.record({
    v: fc.constant(2 as const),
    type: fc.constant('ranges' as const),
    ranges: fc.array(syncRange, { maxLength: 8 }),
    want: prefixes(20),
    last: fc.boolean(),
  }),
  fc.record({
    v: fc.constant(2 as const),
    type: fc.constant('entries' as const),
    size: fc.nat({ max: 57_344 }),
    deflated: byteString(0, 400),
    last: fc.boolean(),
  }),
)

const entryBatch: fc.Arbitrary<EntryBatch> = fc.record({
  v: fc.constant(1 as const),
  entries: fc.array(entry, { minLength: 1, maxLength: 6 }),
})

const pieceRequest: fc.Arbitrary<PieceRequest> = fc.record(
  {
    v: fc.constant(1 as const),
    id: fc.nat(),
    root: hash,
    want: fc.oneof(
      fc.constant('manifest' as const),
      fc
        .uniqueArray(fc.nat({ max: 380 }), { minLength: 1, maxLength: 16 })
        .map((numbers) => numbers.sort((a, b) => a - b)),
    ),
    trace,
  },
  { requiredKeys: ['v', 'id', 'root', 'want'] },
)

const pieceResponse: fc.Arbitrary<PieceResponse> = fc
  .record(
    {
      v: fc.constant(1 as const),
      id: fc.nat(),
      status: fc.constantFrom('ok', 'absent', 'refused'),
      piece: fc.nat({ max: 380 }),
      size: fc.integer({ min: 1, max: PIECE_BYTES }),
    },
    { requiredKeys: ['v', 'id', 'status', 'size'] },
  )
  .map((fields) => ({ ...fields, size: fields.status === 'ok' ? fields.size : 0 }))

const queryRequest: fc.Arbitrary<QueryRequest> = fc.oneof(
  fc.record(
    {
      v: fc.constant(1 as const),
      type: fc.constant('search' as const),
      text: line(0, 60),
      filters: fc.record(
        { category: line(1, 20), tag: line(1, 20), license: line(1, 20), publisher: line(1, 20) },
        { requiredKeys: [] },
      ),
      limit: fc.integer({ min: 1, max: 20 }),
      trace,
    },
    { requiredKeys: ['v', 'type', 'text', 'filters', 'limit'] },
  ),
  fc.record(
    { v: fc.constant(1 as const), type: fc.constant('describe' as const), publisher: publisherId, slug, trace },
    { requiredKeys: ['v', 'type', 'publisher', 'slug'] },
  ),
)

const queryResponse: fc.Arbitrary<QueryResponse> = fc.oneof(
  fc.record({
    v: fc.constant(1 as const),
    status: fc.constant('ok' as const),
    entries: fc.array(entry, { maxLength: 6 }),
  }),
  fc.record({ v: fc.constant(1 as const), status: fc.constant('refused' as const), entries: fc.constant([]) }),
)
