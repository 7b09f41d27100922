import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { createSigner, webCrypto } from '../stack/web-crypto.ts'
import { mutate, toSeed } from '../testing/mutate.ts'
import { createSeededBelow } from '../testing/seeded-random.ts'
import { sameBytes } from './bytes.ts'
import type { Signer } from './crypto.ts'
import {
  createIdentity,
  extendsIdentity,
  type Identity,
  type IdentityDocument,
  identityChainCodec,
  identityDocumentCodec,
  updateIdentity,
  verifyIdentity,
} from './identity.ts'
import { hashToPublisherId } from './ids.ts'
import { asciiToBytes } from './text.ts'

const signer = (n: number): Promise<Signer> => createSigner(new Uint8Array(32).fill(n))

let rotation: Signer
let other: Signer
let third: Signer
let signing: Signer
let genesis: Identity

beforeAll(async () => {
  ;[rotation, other, third, signing] = await Promise.all([signer(1), signer(2), signer(3), signer(4)])
  genesis = await createIdentity({ name: 'Zoë', rotation, signingKey: signing.publicKey }, webCrypto)
})

const documentsOf = (identity: Identity) => {
  const chain = identityChainCodec.decode(identity.chain)
  if (!chain.ok) throw new Error(chain.message)
  return chain.value.documents
}

/** Builds a chain by hand with arbitrary signatures. */
const chainOf = async (
  parts: { document: Partial<IdentityDocument>; signers: [key: number, signer: Signer][]; context?: string }[],
): Promise<Uint8Array> => {
  const documents = []
  let prev: Uint8Array | null = null
  for (const [i, part] of parts.entries()) {
    const document = identityDocumentCodec.encode({
      v: 1,
      seq: i + 1,
      prev,
      rotationKeys: [rotation.publicKey],
      threshold: 1,
      signingKeys: [signing.publicKey],
      name: 'Zoë',
      revoked: false,
      ...part.document,
    })
    prev = await webCrypto.sha256(document)
    const message = Uint8Array.from([...asciiToBytes(part.context ?? 'ggen-identity-v1\0'), ...document])
    const signatures = await Promise.all(
      part.signers.map(async ([key, by]) => ({ key, signature: await by.sign(message) })),
    )
    documents.push({ document, signatures })
  }
  return identityChainCodec.encode({ v: 1, documents })
}

describe('createIdentity', () => {
  test('creates a valid identity whose id is the hash of its first document', async () => {
    expect(await verifyIdentity(genesis.chain, webCrypto)).toEqual({ ok: true, value: genesis })
    const document = documentsOf(genesis)[0]?.document ?? new Uint8Array()
    expect(genesis.publisherId).toBe(hashToPublisherId(await webCrypto.sha256(document)))
    expect(genesis).toMatchObject({ name: 'Zoë', seq: 1, threshold: 1, revoked: false })
    expect(genesis.everSigningKeys).toEqual([signing.publicKey])
  })

  test('is deterministic for the same keys and name', async () => {
    const again = await createIdentity({ name: 'Zoë', rotation, signingKey: signing.publicKey }, webCrypto)
    expect(again).toEqual(genesis)
    const renamed = await createIdentity({ name: 'Zoe', rotation, signingKey: signing.publicKey }, webCrypto)
    expect(renamed.publisherId).not.toBe(genesis.publisherId)
  })

  test('refuses a name that a spec cannot contain', async () => {
    await expect(createIdentity({ name: '@x', rotation, signingKey: signing.publicKey }, webCrypto)).rejects.toThrow(
      expect.objectContaining({ name: 'RecordMalformed' }),
    )
  })
})

describe('updateIdentity', () => {
  test('changes keys and name, and keeps the id and the former signing keys', async () => {
    const next = await updateIdentity(
      genesis,
      { signingKeys: [other.publicKey], rotationKeys: [third.publicKey], name: 'Zoë B.' },
      [rotation],
      webCrypto,
    )
    expect(await verifyIdentity(next.chain, webCrypto)).toEqual({ ok: true, value: next })
    expect(next).toMatchObject({ publisherId: genesis.publisherId, seq: 2, name: 'Zoë B.' })
    expect(next.signingKeys).toEqual([other.publicKey])
    expect(next.everSigningKeys).toEqual([signing.publicKey, other.publicKey])
    // The old rotation key is no longer valid.
    await expect(updateIdentity(next, { name: 'x' }, [rotation], webCrypto)).rejects.toThrow()
    expect((await updateIdentity(next, { name: 'x' }, [third], webCrypto)).seq).toBe(3)
  })

  test('requires as many signers as the threshold', async () => {
    const rotationKeys = [rotation.publicKey, other.publicKey, third.publicKey]
    const shared = await updateIdentity(genesis, { rotationKeys, threshold: 2 }, [rotation], webCrypto)
    await expect(updateIdentity(shared, { name: 'x' }, [other], webCrypto)).rejects.toThrow(
      expect.objectContaining({ name: 'IdentityInvalid' }),
    )
    // In any order, and with surplus signers.
    expect((await updateIdentity(shared, { name: 'x' }, [third, other], webCrypto)).name).toBe('x')
    expect((await updateIdentity(shared, { name: 'x' }, [third, other, rotation], webCrypto)).name).toBe('x')
  })

  test('a revoked identity stays revoked', async () => {
    const ended = await updateIdentity(genesis, { revoked: true }, [rotation], webCrypto)
    expect(ended).toMatchObject({ revoked: true, signingKeys: [] })
    expect(ended.everSigningKeys).toEqual([signing.publicKey])
    await expect(
      updateIdentity(ended, { revoked: false, signingKeys: [other.publicKey] }, [rotation], webCrypto),
    ).rejects.toThrow(expect.objectContaining({ name: 'IdentityInvalid' }))
  })

  test('a chain can have 24 documents', async () => {
    let identity = genesis
    for (let i = 2; i <= 24; i++) identity = await updateIdentity(identity, { name: `n${i}` }, [rotation], webCrypto)
    expect(identity.seq).toBe(24)
    await expect(updateIdentity(identity, { name: 'x' }, [rotation], webCrypto)).rejects.toThrow()
  })
})

describe('verifyIdentity refuses', () => {
  const refusal = async (chain: Promise<Uint8Array>) => {
    const read = await verifyIdentity(await chain, webCrypto)
    return read.ok ? 'accepted' : read.name
  }

  test('(the helper makes valid chains)', async () => {
    const chain = chainOf([
      { document: {}, signers: [[0, rotation]] },
      { document: { name: 'x' }, signers: [[0, rotation]] },
    ])
    expect(await refusal(chain)).toBe('accepted')
  })

  test('a signature by another key', async () => {
    expect(await refusal(chainOf([{ document: {}, signers: [[0, other]] }]))).toBe('IdentityInvalid')
  })

  test('a signature by a signing key or by a rotation key that only the new document lists', async () => {
    expect(await refusal(chainOf([{ document: {}, signers: [[0, signing]] }]))).toBe('IdentityInvalid')
    const takeover = chainOf([
      { document: {}, signers: [[0, rotation]] },
      { document: { rotationKeys: [other.publicKey] }, signers: [[0, other]] },
    ])
    expect(await refusal(takeover)).toBe('IdentityInvalid')
  })

  test('a signature of another message', async () => {
    const chain = chainOf([{ document: {}, signers: [[0, rotation]], context: 'ggen-release-v1\0' }])
    expect(await refusal(chain)).toBe('IdentityInvalid')
  })

  test('one signature for a threshold of two, or one key twice', async () => {
    const keys = { rotationKeys: [rotation.publicKey, other.publicKey], threshold: 2 }
    expect(await refusal(chainOf([{ document: keys, signers: [[0, rotation]] }]))).toBe('IdentityInvalid')
    const twice = [
      [0, rotation],
      [0, rotation],
    ] as [number, Signer][]
    await expect(chainOf([{ document: keys, signers: twice }])).rejects.toThrow('order of their keys')
  })

  test('an index beyond the keys', async () => {
    expect(await refusal(chainOf([{ document: {}, signers: [[3, rotation]] }]))).toBe('IdentityInvalid')
  })

  test('a gap, a repeated sequence number and another predecessor', async () => {
    const first = { document: {}, signers: [[0, rotation]] as [number, Signer][] }
    const followedBy = (document: Partial<IdentityDocument>) => chainOf([first, { ...first, document }])
    expect(await refusal(followedBy({ seq: 3 }))).toBe('IdentityInvalid')
    expect(await refusal(followedBy({ seq: 1, prev: null }))).toBe('IdentityInvalid')
    expect(await refusal(followedBy({ prev: new Uint8Array(32) }))).toBe('IdentityInvalid')
  })

  test('a chain without its first document', async () => {
    const next = await updateIdentity(genesis, { name: 'x' }, [rotation], webCrypto)
    const chain = identityChainCodec.encode({ v: 1, documents: documentsOf(next).slice(1) })
    expect(await refusal(Promise.resolve(chain))).toBe('IdentityInvalid')
  })

  test('a document after the revocation', async () => {
    const chain = chainOf([
      { document: { revoked: true, signingKeys: [] }, signers: [[0, rotation]] },
      { document: {}, signers: [[0, rotation]] },
    ])
    expect(await refusal(chain)).toBe('IdentityInvalid')
  })

  test('an unreachable threshold, duplicate keys and a revoked identity with signing keys', async () => {
    const one = (document: Partial<IdentityDocument>) => chainOf([{ document, signers: [[0, rotation]] }])
    await expect(one({ threshold: 2 })).rejects.toThrow()
    await expect(one({ rotationKeys: [rotation.publicKey, rotation.publicKey] })).rejects.toThrow('keys must differ')
    await expect(one({ revoked: true })).rejects.toThrow('end with the identity')
    await expect(one({ signingKeys: [] })).rejects.toThrow('end with the identity')
  })
})

test('of two histories neither extends the other', async () => {
  const a = await updateIdentity(genesis, { name: 'a' }, [rotation], webCrypto)
  const b = await updateIdentity(genesis, { name: 'b' }, [rotation], webCrypto)
  const longer = await updateIdentity(a, { name: 'c' }, [rotation], webCrypto)
  expect(extendsIdentity(a, genesis)).toBe(true)
  expect(extendsIdentity(longer, a)).toBe(true)
  expect(extendsIdentity(a, a)).toBe(true)
  expect(extendsIdentity(genesis, a)).toBe(false)
  expect(extendsIdentity(longer, b)).toBe(false)
  expect(extendsIdentity(b, a)).toBe(false)
})

test('accepts none of 10,000 mutated chains with unsigned changes', async () => {
  const keys = { rotationKeys: [rotation.publicKey, other.publicKey], threshold: 2 }
  const next = await updateIdentity(genesis, keys, [rotation], webCrypto)
  const last = await updateIdentity(next, { name: 'x' }, [rotation, other], webCrypto)
  const valid = [genesis.chain, next.chain, last.chain]
  const seeds = valid.map(toSeed)
  const random = createSeededBelow(41)
  for (let i = 0; i < 10_000; i++) {
    const chain = mutate(seeds, random)
    const read = await verifyIdentity(chain, webCrypto)
    // A chain may be truncated; nothing else may change.
    if (read.ok) expect(valid.some((each) => sameBytes(each, chain)) || extendsIdentity(last, read.value)).toBe(true)
  }
})

test('verifyIdentity is total over garbage', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (garbage) => {
      expect((await verifyIdentity(garbage, webCrypto)).ok).toBe(false)
    }),
    { seed: 42 },
  )
})
