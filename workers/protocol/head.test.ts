import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { createSigner, webCrypto } from '../stack/web-crypto.ts'
import { slug, versionEntries } from '../testing/arbitraries.ts'
import { mutate, toSeed } from '../testing/mutate.ts'
import { createSeededBelow } from '../testing/seeded-random.ts'
import { sameBytes } from './bytes.ts'
import type { Signer } from './crypto.ts'
import { dhtValueCodec, encodeDhtValue, verifyDhtValue } from './dht-value.ts'
import { entryId } from './entry.ts'
import { type BuiltHead, buildHead, headPageCodec, peekHead, signHead, type VersionEntry, verifyHead } from './head.ts'
import { createIdentity, type Identity, updateIdentity } from './identity.ts'
import { headKey } from './ids.ts'
import { HEAD_MAX_BYTES, PAGE_MAX_BYTES } from './limits.ts'
import { signRelease } from './release.ts'
import { asciiToBytes } from './text.ts'

let rotation: Signer
let signer: Signer
let stranger: Signer
let identity: Identity

beforeAll(async () => {
  const createSignerOf = (n: number) => createSigner(new Uint8Array(32).fill(n))
  rotation = await createSignerOf(1)
  signer = await createSignerOf(2)
  stranger = await createSignerOf(3)
  identity = await createIdentity({ name: 'a', rotation, signingKey: signer.publicKey }, webCrypto)
})

const entries = (count: number): VersionEntry[] =>
  Array.from({ length: count }, (_, i) => ({ version: `1.${count - 1 - i}.0`, release: new Uint8Array(32).fill(i) }))

const build = (versions: readonly VersionEntry[], seq = 1, name = 'a') =>
  buildHead({ publisher: identity.publisherId, slug: name, seq, versions }, webCrypto)

/** Collects all versions page by page, like a reader. */
const readBack = async ({ head, pages }: BuiltHead): Promise<VersionEntry[]> => {
  const versions = [...head.versions]
  for (let older = head.older; older !== null; ) {
    const hash = older
    const stored = pages.find((page) => sameBytes(page.hash, hash))
    const page = headPageCodec.decode(stored?.bytes ?? new Uint8Array())
    if (!page.ok) throw new Error(page.message)
    versions.push(...page.value.versions)
    older = page.value.older
  }
  return versions
}

describe('buildHead', () => {
  test('a small package has no page', async () => {
    const built = await build(entries(3))
    expect(built.pages).toEqual([])
    expect(built.head).toMatchObject({ seq: 1, latest: '1.2.0', older: null })
  })

  test('keeps every version, in order, within the sizes', async () => {
    await fc.assert(
      fc.asyncProperty(versionEntries(150), slug, async (versions, name) => {
        const built = await build(versions, 1, name)
        expect(await readBack(built)).toEqual(versions)
        expect((await signHead(built.head, signer, webCrypto)).bytes.length).toBeLessThanOrEqual(HEAD_MAX_BYTES)
        for (const page of built.pages) expect(page.bytes.length).toBeLessThanOrEqual(PAGE_MAX_BYTES)
      }),
      { seed: 61, numRuns: 30 },
    )
  })

  test('fills most of the head', async () => {
    const { head } = await build(entries(200))
    expect(head.versions.length).toBeGreaterThanOrEqual(8)
  })

  test('accepts names and versions of maximum length', async () => {
    const longest = Array.from({ length: 20 }, (_, i) => ({
      version: `1.0.0-${String.fromCharCode(97 + i).repeat(58)}`,
      release: new Uint8Array(32),
      yanked: true as const,
    }))
    const built = await build(longest, Number.MAX_SAFE_INTEGER, 'a'.repeat(64))
    expect(await readBack(built)).toEqual(longest)
    expect((await signHead(built.head, signer, webCrypto)).bytes.length).toBeLessThanOrEqual(HEAD_MAX_BYTES)
  })

  test('a new release changes at most one page, and three of four releases change none', async () => {
    const all = entries(200)
    let unchanged = 0
    let before = await build(all.slice(100))
    for (let first = 99; first >= 20; first--) {
      const built = await build(all.slice(first))
      const kept = before.pages.filter((page) => built.pages.some((other) => sameBytes(other.hash, page.hash)))
      expect(before.pages.length - kept.length).toBeLessThanOrEqual(1)
      if (built.pages.length === kept.length) unchanged++
      before = built
    }
    expect(unchanged).toBe(60)
  })

  test('refuses no versions, too many and duplicates', async () => {
    await expect(build([])).rejects.toThrow(expect.objectContaining({ name: 'RecordMalformed' }))
    await expect(build(entries(4097))).rejects.toThrow(expect.objectContaining({ name: 'RecordTooLarge' }))
    const [one] = entries(1)
    if (one === undefined) throw new Error('no entry')
    await expect(build([...entries(100), one])).rejects.toThrow('twice')
  })

  test('names a page by the hash of its bytes', async () => {
    const built = await build(entries(100))
    const page = built.pages[0]
    if (page === undefined) throw new Error('no page')
    expect(await entryId({ kind: 'page', bytes: page.bytes }, webCrypto)).toEqual(page.hash)
    expect(headPageCodec.decode(page.bytes).ok).toBe(true)
  })
})

describe('verifyHead', () => {
  test('accepts a signature by a current key', async () => {
    const { head } = await build(entries(3), 4)
    const signed = await signHead(head, signer, webCrypto)
    expect(await verifyHead(signed.bytes, identity, webCrypto)).toEqual({ ok: true, value: signed })
    expect(peekHead(signed.bytes)).toEqual({ ok: true, value: head })
  })

  test('refuses a foreign key, a former key, a revoked identity and another publisher', async () => {
    const { head } = await build(entries(3))
    const by = async (who: Signer, at: Identity) => {
      const read = await verifyHead((await signHead(head, who, webCrypto)).bytes, at, webCrypto)
      return read.ok ? 'accepted' : read.name
    }
    expect(await by(signer, identity)).toBe('accepted')
    expect(await by(stranger, identity)).toBe('SignatureInvalid')
    const later = await updateIdentity(identity, { signingKeys: [stranger.publicKey] }, [rotation], webCrypto)
    expect(await by(signer, later)).toBe('SignatureInvalid')
    expect(await by(stranger, later)).toBe('accepted')
    const ended = await updateIdentity(identity, { revoked: true }, [rotation], webCrypto)
    expect(await by(signer, ended)).toBe('IdentityInvalid')
    const theirs = await createIdentity({ name: 'b', rotation, signingKey: signer.publicKey }, webCrypto)
    expect(await by(signer, theirs)).toBe('IdentityInvalid')
  })

  test('the latest version must be among the versions', async () => {
    const { head } = await build(entries(3))
    await expect(signHead({ ...head, latest: '9.0.0' }, signer, webCrypto)).rejects.toThrow('not among the versions')
  })
})

describe('verifyDhtValue', () => {
  const put = async (seq = 1) => {
    const head = await signHead((await build(entries(3), seq)).head, signer, webCrypto)
    return { head, value: encodeDhtValue(identity, head), key: headKey(identity.publisherId, 'a') }
  }

  test('accepts a value under its key, as text or bytes', async () => {
    const { head, value, key } = await put()
    expect(await verifyDhtValue(key, value, webCrypto)).toEqual({ ok: true, value: { identity, head } })
    expect((await verifyDhtValue(asciiToBytes(key), value, webCrypto)).ok).toBe(true)
  })

  test('refuses other keys', async () => {
    const { value, key } = await put()
    const theirs = await createIdentity({ name: 'b', rotation, signingKey: signer.publicKey }, webCrypto)
    for (const wrong of [
      `${key}x`,
      headKey(theirs.publisherId, 'a'),
      key.replace('/ggen/', '/pk/'),
      '',
      new Uint8Array(1 << 20),
      Uint8Array.of(0xff, 0xfe),
    ]) {
      expect((await verifyDhtValue(wrong, value, webCrypto)).ok).toBe(false)
    }
  })

  test('refuses the identity of another publisher', async () => {
    const { head, key } = await put()
    const theirs = await createIdentity({ name: 'b', rotation, signingKey: signer.publicKey }, webCrypto)
    expect(await verifyDhtValue(key, encodeDhtValue(theirs, head), webCrypto)).toMatchObject({
      name: 'IdentityInvalid',
    })
  })

  test('the largest chain and head fit', async () => {
    expect(() =>
      dhtValueCodec.encode({ v: 1, identity: new Uint8Array(8192), head: new Uint8Array(1024) }),
    ).not.toThrow()
  })

  test('accepts none of 10,000 mutated values whose signed parts changed', async () => {
    const puts = [await put(1), await put(2)]
    const key = puts[0]?.key ?? ''
    const seeds = puts.map(({ value }) => toSeed(value))
    const random = createSeededBelow(62)
    for (let i = 0; i < 10_000; i++) {
      const value = mutate(seeds, random)
      const read = await verifyDhtValue(key, value, webCrypto)
      // Fields of later versions may be added beside the signed parts.
      if (!read.ok) continue
      expect(puts.some(({ head }) => sameBytes(head.bytes, read.value.head.bytes))).toBe(true)
      expect(sameBytes(read.value.identity.chain, identity.chain)).toBe(true)
    }
  })
})

describe('entryId', () => {
  test('is the hash that heads name, independent of the signature', async () => {
    const head = await signHead((await build(entries(3))).head, signer, webCrypto)
    expect(await entryId({ kind: 'head', bytes: head.bytes }, webCrypto)).toEqual(head.hash)
    const again = await signHead(head.head, stranger, webCrypto)
    expect(await entryId({ kind: 'head', bytes: again.bytes }, webCrypto)).toEqual(head.hash)
    const release = await signRelease(
      {
        v: 1,
        publisher: identity.publisherId,
        slug: 'a',
        version: '1.0.0',
        root: new Uint8Array(32),
        size: 0,
        fileCount: 1,
        dependencies: [],
        seq: 1,
        prevRelease: null,
        publishedAt: 0,
        displayName: 'a',
        description: '',
        category: 'c',
        tags: [],
        keywords: [],
        license: '',
        authors: [],
        repository: '',
        hasTemplates: false,
      },
      signer,
      webCrypto,
    )
    expect(await entryId({ kind: 'release', bytes: release.bytes }, webCrypto)).toEqual(release.hash)
  })

  test('is total', async () => {
    const bytes = asciiToBytes('garbage')
    const kinds = ['identity', 'head', 'release', 'page', 'star']
    const ids = await Promise.all(kinds.map((kind) => entryId({ kind, bytes }, webCrypto)))
    for (const id of ids) expect(id).toHaveLength(32)
  })
})
