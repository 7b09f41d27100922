import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { type Decoded, decoded, refused } from './decoded.ts'
import { HASH_BYTES, MAX_PUBLISHER_NAME_CHARACTERS, MAX_SLUG_CHARACTERS, MAX_SPEC_CHARACTERS } from './limits.ts'
import { isReservedName } from './paths.ts'
import { DHT_NAMESPACE } from './protocols.ts'
import { isLine } from './text.ts'
import { isRange } from './versions-and-ranges.ts'

/** Ids of publishers, packages and contents, and the specs that people type. */

declare const publisherIdBrand: unique symbol
declare const packageIdBrand: unique symbol

/** Base32 (RFC 4648, lower case, no padding, no multibase prefix) of the SHA-256 of the genesis identity document. */
export type PublisherId = string & { readonly [publisherIdBrand]: true }

/** `<publisherId>/<slug>` */
export type PackageId = string & { readonly [packageIdBrand]: true }

/** A package request. `publisher` is a complete id, `publisherPrefix` its first 8 or more characters. */
export interface Spec {
  readonly slug: string
  readonly publisherName?: string
  readonly publisherPrefix?: string
  readonly publisher?: PublisherId
  readonly range?: string
}

/** 52 characters; the last one encodes a single bit of the 256. */
export const publisherIdPattern = /^[a-z2-7]{51}[aq]$/

/** Letters, digits, dot, hyphen, underscore; begins and ends with a letter or digit (so no `..`, no `__proto__`). */
export const slugPattern = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/

export const isPublisherId = (text: string): text is PublisherId => publisherIdPattern.test(text)

export const isSlug = (text: string): boolean =>
  text.length <= MAX_SLUG_CHARACTERS && slugPattern.test(text) && !isReservedName(text)

/** A publisher name is a line without the three characters that separate the parts of a spec. */
export const isPublisherName = (text: string): boolean =>
  text.length > 0 && isLine(text, MAX_PUBLISHER_NAME_CHARACTERS) && !/[@/~]/.test(text)

/** @param hash SHA-256 of the genesis identity document, 32 bytes. */
export const hashToPublisherId = (hash: Uint8Array): PublisherId => {
  const text = base32.baseEncode(hash)
  if (!isPublisherId(text)) throw new RangeError(`A publisher id comes from ${HASH_BYTES} bytes, not ${hash.length}.`)
  return text
}

export const packageId = (publisher: PublisherId, slug: string): PackageId => `${publisher}/${slug}` as PackageId

export const isPackageId = (text: string): text is PackageId => splitPackageId(text).ok

export const splitPackageId = (id: string): Decoded<{ publisher: PublisherId; slug: string }> => {
  const publisher = id.slice(0, PUBLISHER_ID_CHARACTERS)
  const slug = id.slice(PUBLISHER_ID_CHARACTERS + 1)
  return isPublisherId(publisher) && id[PUBLISHER_ID_CHARACTERS] === '/' && isSlug(slug)
    ? decoded({ publisher, slug })
    : refused('InvalidArgument', `“${excerpt(id)}” is not a package id (a publisher id, a slash and a package name).`)
}

/** Returns the DHT key of a head, `/ggen/<publisherId>/<slug>`. */
export const headKey = (publisher: PublisherId, slug: string): string => `${KEY_PREFIX}${publisher}/${slug}`

export const splitHeadKey = (key: string): Decoded<{ publisher: PublisherId; slug: string }> =>
  key.startsWith(KEY_PREFIX)
    ? splitPackageId(key.slice(KEY_PREFIX.length))
    : refused('InvalidArgument', `“${excerpt(key)}” is not the key of a package in the DHT.`)

/** Returns a content root as a CIDv1 (dag-cbor, SHA-256), the key of its provider records. */
const rootToCid = (root: Uint8Array): CID => {
  if (root.length !== HASH_BYTES) throw new RangeError(`A root has ${HASH_BYTES} bytes, not ${root.length}.`)
  return CID.createV1(DAG_CBOR_CODE, createDigest(SHA_256_CODE, root))
}

/** Returns that CID in base32, 59 characters. */
export const rootToText = (root: Uint8Array): string => rootToCid(root).toString()

export const textToRoot = (text: string): Decoded<Uint8Array> => {
  try {
    if (text.length === ROOT_TEXT_CHARACTERS) {
      const root = CID.parse(text).multihash.digest
      if (root.length === HASH_BYTES && rootToText(root) === text) return decoded(root.slice())
    }
  } catch {
    // Refused below with our own message.
  }
  return refused('InvalidArgument', `“${excerpt(text)}” is not a content id.`)
}

export const toHex = (bytes: Uint8Array): string => {
  let hex = ''
  for (const byte of bytes) hex += hexByByte[byte]
  return hex
}

export const fromHex = (hex: string): Decoded<Uint8Array> => {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/.test(hex)) {
    return refused('InvalidArgument', `“${excerpt(hex)}” is not lower-case hexadecimal.`)
  }
  return decoded(
    Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)),
  )
}

/** Returns the first 8 characters, shown beside a name to distinguish publishers with the same name. */
export const shortPublisher = (id: PublisherId): string => id.slice(0, SHORT_PUBLISHER_CHARACTERS)

/** Formats a package id for people, `@name~1a2b3c4d/slug`. Returns any other text unchanged. */
export const displayId = (publisherName: string, id: string): string => {
  const parts = splitPackageId(id)
  return parts.ok ? `@${publisherName}~${shortPublisher(parts.value.publisher)}/${parts.value.slug}` : id
}

/** Parses `slug`, `@name/slug`, `@name~1a2b3c4d/slug` or `<publisherId>/<slug>`, each with an optional `@range`. */
export const parseSpec = (text: string): Decoded<Spec> => {
  const wrong = (reason: string) => refused('InvalidArgument', `“${excerpt(text)}” is not a package: ${reason}.`)
  if (text.length > MAX_SPEC_CHARACTERS) return wrong('it is too long')
  const spec = text.trim()
  const slash = spec.indexOf('/')
  const scope = spec.slice(0, Math.max(slash, 0))
  const rest = spec.slice(slash + 1)
  const at = rest.indexOf('@')
  const slug = at < 0 ? rest : rest.slice(0, at)
  const range = at < 0 ? undefined : rest.slice(at + 1).trim()
  if (!isSlug(slug)) {
    return wrong('a package name has lower-case letters, digits, dots, hyphens and underscores, at most 64')
  }
  if (range !== undefined && !isRange(range))
    return wrong(`“${excerpt(range)}” is not a version or a range of versions`)
  const named = { slug, ...(range === undefined ? {} : { range }) }
  if (slash < 0) return decoded(named)
  if (isPublisherId(scope)) return decoded({ ...named, publisher: scope })
  if (!scope.startsWith('@')) return wrong('what stands before the slash is neither @publisher nor a publisher id')
  const tilde = scope.indexOf('~')
  const publisherName = tilde < 0 ? scope.slice(1) : scope.slice(1, tilde)
  if (!isPublisherName(publisherName)) return wrong(`“${excerpt(publisherName)}” is not a publisher's name`)
  if (tilde < 0) return decoded({ ...named, publisherName })
  const publisherPrefix = scope.slice(tilde + 1)
  if (!publisherPrefixPattern.test(publisherPrefix)) {
    return wrong('after ~ come 8 or more characters of a publisher id')
  }
  return decoded({ ...named, publisherName, publisherPrefix })
}

const PUBLISHER_ID_CHARACTERS = 52
const SHORT_PUBLISHER_CHARACTERS = 8
const publisherPrefixPattern = /^[a-z2-7]{8,52}$/
const KEY_PREFIX = `/${DHT_NAMESPACE}/`

// Multicodec codes (https://github.com/multiformats/multicodec).
const DAG_CBOR_CODE = 0x71
const SHA_256_CODE = 0x12
const ROOT_TEXT_CHARACTERS = 59

const hexByByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Truncates a text for a message. */
const excerpt = (text: string): string => (text.length > 80 ? `${text.slice(0, 80).toWellFormed()}…` : text)
