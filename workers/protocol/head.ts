import * as v from 'valibot'
import { createCodec } from './codec.ts'
import type { CryptoProvider, Signer } from './crypto.ts'
import { type Decoded, decoded, RecordError, refused } from './decoded.ts'
import { envelopeSize, type OpenedHashed, openHashed, peek, sign } from './envelope.ts'
import { hash, mark, openRecord, publisherId, seq, shortList, slug, version } from './fields.ts'
import { hasKey, type Identity } from './identity.ts'
import type { PublisherId } from './ids.ts'
import { HEAD_MAX_BYTES, MAX_VERSIONS, MAX_VERSIONS_INLINE, PAGE_MAX_BYTES } from './limits.ts'
import { wireVersions } from './version.ts'
import { pickLatest } from './versions-and-ranges.ts'

/**
 * The newest state of one package: a small signed record that DHT nodes store. It contains the newest versions and
 * links the older ones in pages by hash, so its signature covers all of them. Readers compare heads by `seq`.
 */

export interface VersionEntry {
  readonly version: string
  /** Hash of the release (`VerifiedRelease.hash`). */
  readonly release: Uint8Array
  /** Hidden from new resolutions. */
  readonly yanked?: true
}

export interface Head {
  readonly v: 1
  readonly publisher: PublisherId
  readonly slug: string
  /** Counts the states of this package; the first is 1. */
  readonly seq: number
  /** Last published first; at least one. */
  readonly versions: readonly VersionEntry[]
  /** The version to install by default (`pickLatest`). */
  readonly latest: string
  /** Hash of the page with the next older versions, or null. */
  readonly older: Uint8Array | null
}

/** Older versions, last published first. */
export interface HeadPage {
  readonly v: 1
  readonly publisher: PublisherId
  readonly slug: string
  readonly versions: readonly VersionEntry[]
  readonly older: Uint8Array | null
}

export interface VerifiedHead {
  readonly head: Head
  /** SHA-256 of the signed body. */
  readonly hash: Uint8Array
  /** The signed record. */
  readonly bytes: Uint8Array
}

export interface BuiltHead {
  readonly head: Head
  /** Newest page first; `hash` is SHA-256 of `bytes`. */
  readonly pages: readonly { readonly hash: Uint8Array; readonly bytes: Uint8Array }[]
}

const versionList = v.pipe(
  shortList(openRecord({ version, release: hash, yanked: v.exactOptional(mark) }), 1, MAX_VERSIONS_INLINE),
  v.check(
    (entries) => new Set(entries.map((entry) => entry.version)).size === entries.length,
    'a version appears twice',
  ),
)

export const headCodec = createCodec<Head>({
  name: 'head record',
  version: wireVersions.head,
  maxBytes: HEAD_MAX_BYTES,
  schema: v.pipe(
    openRecord({
      v: v.literal(wireVersions.head, 'another version is expected'),
      publisher: publisherId,
      slug,
      seq,
      versions: versionList,
      latest: version,
      older: v.nullable(hash),
    }),
    v.check(
      ({ versions, latest, older }) => older !== null || versions.some((entry) => entry.version === latest),
      'the latest version is not among the versions',
    ),
  ),
})

export const headPageCodec = createCodec<HeadPage>({
  name: 'page of versions',
  version: wireVersions.headPage,
  maxBytes: PAGE_MAX_BYTES,
  schema: openRecord({
    v: v.literal(wireVersions.headPage, 'another version is expected'),
    publisher: publisherId,
    slug,
    versions: versionList,
    older: v.nullable(hash),
  }),
})

/**
 * Distributes all versions of a package, last published first, over a head and pages. The layout is deterministic; a
 * new release changes at most the newest page, and only every fourth time.
 * @throws RecordError if there are no versions, too many, or invalid ones.
 */
export const buildHead = async (
  state: {
    readonly publisher: PublisherId
    readonly slug: string
    readonly seq: number
    readonly versions: readonly VersionEntry[]
    /** The previous head, whose fields of later versions are preserved. */
    readonly before?: Head | undefined
  },
  crypto: Pick<CryptoProvider, 'sha256'>,
): Promise<BuiltHead> => {
  const { publisher, slug, seq, versions } = state
  const carried = otherFields(state.before)
  const latest = pickLatest(versions)
  if (latest === undefined) throw new RecordError('RecordMalformed', 'A package needs at least one version.')
  if (versions.length > MAX_VERSIONS) {
    throw new RecordError('RecordTooLarge', `A package can have ${MAX_VERSIONS} versions; this has ${versions.length}.`)
  }
  if (new Set(versions.map((entry) => entry.version)).size !== versions.length) {
    throw new RecordError('RecordMalformed', 'A version appears twice in this package.')
  }
  const toHead = (inline: readonly VersionEntry[], older: Uint8Array | null): Head => ({
    ...carried,
    v: wireVersions.head,
    publisher,
    slug,
    seq,
    versions: inline,
    latest,
    older,
  })
  const all = toHead(versions, null)
  if (fits(all)) return { head: all, pages: [] }

  let capacity = 1
  while (fits(toHead(versions.slice(0, capacity + 1), emptyHash))) capacity++
  const paged = Math.ceil((versions.length - capacity) / PAGING_STEP) * PAGING_STEP
  const inline = Math.max(1, versions.length - paged)
  const pages = await buildPages({ publisher, slug, versions: versions.slice(inline) }, crypto)
  const newest = pages[0]
  return { head: toHead(versions.slice(0, inline), newest?.hash ?? null), pages }
}

/** @throws RecordError if the head is invalid or too large. */
export const signHead = async (head: Head, signer: Signer, crypto: CryptoProvider): Promise<VerifiedHead> => {
  const body = headCodec.encode(head)
  return { head, hash: await crypto.sha256(body), bytes: await sign('head', body, signer) }
}

/**
 * Verifies a signed head. Only a current signing key of an unrevoked identity may sign the newest state.
 * @param preOpened the result of `openHashed` for these bytes, if available.
 */
export const verifyHead = async (
  bytes: Uint8Array,
  identity: Identity,
  crypto: CryptoProvider,
  preOpened?: Decoded<OpenedHashed>,
): Promise<Decoded<VerifiedHead>> => {
  const peeked = peekHead(bytes)
  if (!peeked.ok) return peeked
  if (peeked.value.publisher !== identity.publisherId) {
    return refused('IdentityInvalid', 'This head belongs to another publisher.')
  }
  if (identity.revoked) return refused('IdentityInvalid', "This head's publisher has ended its identity.")
  const envelope = peek('head', bytes)
  if (!envelope.ok) return envelope
  // Checked first: verifying the signature costs a hundred times as much.
  if (!hasKey(identity.signingKeys, envelope.value.key)) {
    return refused('SignatureInvalid', 'This head is signed with a key that is not its publisher’s current one.')
  }
  const opened = preOpened ?? (await openHashed('head', bytes, crypto))
  if (!opened.ok) return opened
  return decoded({ head: peeked.value, hash: opened.value.hash, bytes })
}

/** Decodes a signed head without checking the signature, to learn whose identity is needed. */
export const peekHead = (bytes: Uint8Array): Decoded<Head> => {
  const envelope = peek('head', bytes)
  return envelope.ok ? headCodec.decode(envelope.value.body) : envelope
}

/** Fields of later versions. A program that does not know them must keep them when it signs the next head. */
const otherFields = (head: Head | undefined): Record<string, unknown> =>
  Object.fromEntries(Object.entries(head ?? {}).filter(([field]) => !headFields.has(field)))

const headFields: ReadonlySet<string> = new Set<keyof Head>([
  'v',
  'publisher',
  'slug',
  'seq',
  'versions',
  'latest',
  'older',
])

/** Versions that move from the head into a page at once, so that pages change only with every fourth release. */
const PAGING_STEP = 4

const emptyHash = new Uint8Array(32)

const fits = (head: Head): boolean => {
  if (head.versions.length > MAX_VERSIONS_INLINE) return false
  try {
    return envelopeSize('head', headCodec.encode(head).length) <= HEAD_MAX_BYTES
  } catch (error) {
    if (error instanceof RecordError && error.name === 'RecordTooLarge') return false
    throw error
  }
}

const buildPages = async (
  state: { readonly publisher: PublisherId; readonly slug: string; readonly versions: readonly VersionEntry[] },
  crypto: Pick<CryptoProvider, 'sha256'>,
): Promise<{ hash: Uint8Array; bytes: Uint8Array }[]> => {
  const pages: { hash: Uint8Array; bytes: Uint8Array }[] = []
  // Starts at the oldest versions, so that full pages never change again.
  for (let end = state.versions.length; end > 0; ) {
    const older = pages[0]?.hash ?? null
    const toPage = (start: number): HeadPage => ({
      v: wireVersions.headPage,
      publisher: state.publisher,
      slug: state.slug,
      versions: state.versions.slice(start, end),
      older,
    })
    let start = end - 1
    let encoded = headPageCodec.encode(toPage(start))
    for (; start > 0; start--) {
      const larger = encodePageIfItFits(toPage(start - 1))
      if (larger === undefined) break
      encoded = larger
    }
    pages.unshift({ hash: await crypto.sha256(encoded), bytes: encoded })
    end = start
  }
  return pages
}

const encodePageIfItFits = (page: HeadPage): Uint8Array | undefined => {
  if (page.versions.length > MAX_VERSIONS_INLINE) return undefined
  try {
    return headPageCodec.encode(page)
  } catch (error) {
    if (error instanceof RecordError && error.name === 'RecordTooLarge') return undefined
    throw error
  }
}
