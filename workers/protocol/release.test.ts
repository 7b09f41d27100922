import { beforeAll, describe, expect, test } from 'vitest'
import { createSigner, webCrypto } from '../stack/web-crypto.ts'
import { mutate, toSeed } from '../testing/mutate.ts'
import { createSeededBelow } from '../testing/seeded-random.ts'
import { sameBytes } from './bytes.ts'
import type { Signer } from './crypto.ts'
import { envelopeCodecs, envelopeSize, open, sign } from './envelope.ts'
import { createIdentity, type Identity, updateIdentity } from './identity.ts'
import { type PackageId, packageId } from './ids.ts'
import { type Dependency, peekRelease, type Release, releaseCodec, signRelease, verifyRelease } from './release.ts'
import { asciiToBytes } from './text.ts'

let rotation: Signer
let signer: Signer
let stranger: Signer
let identity: Identity
let release: Release

beforeAll(async () => {
  const createSignerOf = (n: number) => createSigner(new Uint8Array(32).fill(n))
  rotation = await createSignerOf(1)
  signer = await createSignerOf(2)
  stranger = await createSignerOf(3)
  identity = await createIdentity({ name: 'a', rotation, signingKey: signer.publicKey }, webCrypto)
  release = {
    v: 1,
    publisher: identity.publisherId,
    slug: 'a.b',
    version: '1.0.0',
    root: new Uint8Array(32).fill(7),
    size: 10,
    fileCount: 1,
    dependencies: [{ kind: 'package', name: 'c', range: '^1.0.0', optional: false }],
    seq: 1,
    prevRelease: null,
    publishedAt: 1_700_000_000_000,
    displayName: 'A b',
    description: 'What it does.',
    category: 'showcase',
    tags: ['rust'],
    keywords: [],
    license: 'MIT',
    authors: ['Zoë <zoe@example.org>'],
    repository: '',
    hasTemplates: true,
  }
})

describe('verifyRelease', () => {
  test('accepts a signed release', async () => {
    const signed = await signRelease(release, signer, webCrypto)
    expect(await verifyRelease(signed.bytes, identity, webCrypto)).toEqual({ ok: true, value: signed })
    expect(signed.hash).toEqual(await webCrypto.sha256(releaseCodec.encode(release)))
    expect(peekRelease(signed.bytes)).toEqual({ ok: true, value: release })
  })

  test('accepts a former key of the publisher', async () => {
    const signed = await signRelease(release, signer, webCrypto)
    const later = await updateIdentity(identity, { signingKeys: [stranger.publicKey] }, [rotation], webCrypto)
    expect((await verifyRelease(signed.bytes, later, webCrypto)).ok).toBe(true)
    const ended = await updateIdentity(identity, { revoked: true }, [rotation], webCrypto)
    expect((await verifyRelease(signed.bytes, ended, webCrypto)).ok).toBe(true)
  })

  test('refuses a key that the publisher never had', async () => {
    const signed = await signRelease(release, stranger, webCrypto)
    expect(await verifyRelease(signed.bytes, identity, webCrypto)).toMatchObject({
      ok: false,
      name: 'SignatureInvalid',
    })
  })

  test('refuses a rotation key', async () => {
    const signed = await signRelease(release, rotation, webCrypto)
    expect(await verifyRelease(signed.bytes, identity, webCrypto)).toMatchObject({
      ok: false,
      name: 'SignatureInvalid',
    })
  })

  test('refuses a changed field', async () => {
    const signed = await signRelease(release, signer, webCrypto)
    const envelope = envelopeCodecs.release.decode(signed.bytes)
    if (!envelope.ok) throw new Error(envelope.message)
    const body = releaseCodec.encode({ ...release, root: new Uint8Array(32).fill(8) })
    const forged = envelopeCodecs.release.encode({ ...envelope.value, body })
    expect(peekRelease(forged).ok).toBe(true)
    expect(await verifyRelease(forged, identity, webCrypto)).toMatchObject({ ok: false, name: 'SignatureInvalid' })
  })

  test('refuses the release of another publisher', async () => {
    const theirs = await createIdentity({ name: 'b', rotation: stranger, signingKey: signer.publicKey }, webCrypto)
    const signed = await signRelease(release, signer, webCrypto)
    expect(await verifyRelease(signed.bytes, theirs, webCrypto)).toMatchObject({ ok: false, name: 'IdentityInvalid' })
  })

  test('accepts none of 10,000 mutated releases', async () => {
    const valid = [
      (await signRelease(release, signer, webCrypto)).bytes,
      (await signRelease({ ...release, version: '1.0.1', tags: [] }, signer, webCrypto)).bytes,
    ]
    const seeds = valid.map(toSeed)
    const random = createSeededBelow(51)
    for (let i = 0; i < 10_000; i++) {
      const bytes = mutate(seeds, random)
      const read = await verifyRelease(bytes, identity, webCrypto)
      if (read.ok) expect(valid.some((each) => sameBytes(each, bytes))).toBe(true)
    }
  })
})

describe('the record', () => {
  const dependency = (fields: Partial<Dependency>): Partial<Release> => ({
    dependencies: [{ kind: 'package', name: 'c', range: '*', optional: false, ...fields }],
  })
  const cases: [string, () => Partial<Release>][] = [
    ['a version that is none', () => ({ version: '1.0' })],
    ['a slug that is none', () => ({ slug: 'A' })],
    ['a size over the limit', () => ({ size: 100_000_001 })],
    ['1,001 files', () => ({ fileCount: 1001 })],
    ['no file', () => ({ fileCount: 0 })],
    ['a time before 1970', () => ({ publishedAt: -1 })],
    ['a time that is no whole number', () => ({ publishedAt: 0.5 })],
    ['a time that is no safe number', () => ({ publishedAt: 2 ** 53 })],
    ['a first release with one before', () => ({ prevRelease: new Uint8Array(32) })],
    ['a later release with none before', () => ({ seq: 2 })],
    ['a short root', () => ({ root: new Uint8Array(31) })],
    ['a description of 301 characters', () => ({ description: 'a'.repeat(301) })],
    ['a description of two lines', () => ({ description: 'a\nb' })],
    ['a display name with a direction control', () => ({ displayName: 'a\u202eb' })],
    ['no display name', () => ({ displayName: '' })],
    ['the same tag twice', () => ({ tags: ['a', 'a'] })],
    ['33 tags', () => ({ tags: Array.from({ length: 33 }, (_, i) => `t${i}`) })],
    [
      '129 dependencies',
      () => ({ dependencies: Array.from({ length: 129 }, () => release.dependencies[0] as Dependency) }),
    ],
    ['a package dependency that is no slug', () => dependency({ name: '@types/node' })],
    ['a package dependency without a range', () => dependency({ range: '' })],
    ['a package dependency with a false range', () => dependency({ range: 'latest' })],
    ['an id of another package', () => dependency({ id: packageId(identity.publisherId, 'd') })],
    ['an id that is none', () => dependency({ id: 'c' as PackageId })],
    [
      'an external dependency with an id',
      () => dependency({ kind: 'external', id: packageId(identity.publisherId, 'c') }),
    ],
    ['a package with an ecosystem', () => dependency({ ecosystem: 'npm' })],
  ]
  test.each(cases)('refuses %s', (_, fields) => {
    expect(() => releaseCodec.encode({ ...release, ...fields() })).toThrow(
      expect.objectContaining({ name: 'RecordMalformed' }),
    )
  })

  test('accepts values at the limits', () => {
    const fields: Partial<Release> = {
      size: 100_000_000,
      fileCount: 1000,
      description: '😀'.repeat(300),
      tags: Array.from({ length: 32 }, (_, i) => `t${i}`),
      dependencies: Array.from({ length: 128 }, (_, i) => ({
        kind: 'external',
        name: `@scope/n${i}`,
        range: '',
        optional: true,
        ecosystem: 'npm',
      })),
      closure: Array.from({ length: 10 }, () => ({
        id: packageId(identity.publisherId, 'c'),
        version: '1.0.0',
        root: release.root,
      })),
    }
    expect(releaseCodec.decode(releaseCodec.encode({ ...release, ...fields })).ok).toBe(true)
    const id = packageId(identity.publisherId, 'c')
    expect(releaseCodec.decode(releaseCodec.encode({ ...release, ...dependency({ id }) })).ok).toBe(true)
  })
})

describe('the envelope', () => {
  test('a body signed as one kind is invalid as another', async () => {
    const body = asciiToBytes('body')
    const asHead = await sign('head', body, signer)
    expect(await open('head', asHead, webCrypto.verify)).toEqual({ ok: true, value: { body, key: signer.publicKey } })
    expect(await open('release', asHead, webCrypto.verify)).toMatchObject({ ok: false, name: 'RecordMalformed' })
    const envelope = envelopeCodecs.head.decode(asHead)
    if (!envelope.ok) throw new Error(envelope.message)
    const relabelled = envelopeCodecs.release.encode({ ...envelope.value, kind: 'release' })
    expect(await open('release', relabelled, webCrypto.verify)).toMatchObject({ ok: false, name: 'SignatureInvalid' })
  })

  test('envelopeSize predicts its size', async () => {
    for (const size of [1, 23, 24, 255, 256, 800]) {
      expect((await sign('head', new Uint8Array(size), signer)).length).toBe(envelopeSize('head', size))
    }
  })

  test('a head over 1 KiB is not signed', async () => {
    await expect(sign('head', new Uint8Array(950), signer)).rejects.toThrow(
      expect.objectContaining({ name: 'RecordTooLarge' }),
    )
  })
})
