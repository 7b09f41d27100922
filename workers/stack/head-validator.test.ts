import { describe, expect, it } from 'vitest'
import type { CryptoProvider, Signer } from '../protocol/crypto.ts'
import { encodeDhtValue } from '../protocol/dht-value.ts'
import { buildHead, signHead } from '../protocol/head.ts'
import { createIdentity, type Identity, updateIdentity } from '../protocol/identity.ts'
import { headKey } from '../protocol/ids.ts'
import { createHeadValidator, HeadRefused } from './head-validator.ts'
import { createSigner, webCrypto } from './web-crypto.ts'

const signerOf = (fill: number): Promise<Signer> => createSigner(new Uint8Array(32).fill(fill))
const rotation = await signerOf(1)
const signing = await signerOf(2)
const identity = await createIdentity({ name: 'ann', rotation, signingKey: signing.publicKey }, webCrypto)

const key = (slug = 'tool', by: Identity = identity): Uint8Array =>
  new TextEncoder().encode(headKey(by.publisherId, slug))

const value = async (
  seq: number,
  { slug = 'tool', by = identity, signer = signing, fill = 7 } = {},
): Promise<Uint8Array> => {
  const versions = [{ version: '1.0.0', release: new Uint8Array(32).fill(fill) }]
  const { head } = await buildHead({ publisher: by.publisherId, slug, seq, versions }, webCrypto)
  return encodeDhtValue(by, await signHead(head, signer, webCrypto))
}

describe('head validator', () => {
  it('accepts a valid head, the same head again and a newer one', async () => {
    const validator = createHeadValidator(webCrypto)
    await validator.validate(key(), await value(1))
    await validator.validate(key(), await value(1))
    await validator.validate(key(), await value(5))
    expect(validator.newest(key())?.seq).toBe(5)
  })

  it('refuses an older head after a newer one', async () => {
    const validator = createHeadValidator(webCrypto)
    await validator.validate(key(), await value(5))
    await expect(validator.validate(key(), await value(4))).rejects.toThrow('A newer head is known: 5, this one is 4.')
    expect(validator.newest(key())?.seq).toBe(5)
  })

  it('orders the heads of each package separately', async () => {
    const validator = createHeadValidator(webCrypto)
    await validator.validate(key('a'), await value(5, { slug: 'a' }))
    await validator.validate(key('b'), await value(1, { slug: 'b' }))
  })

  it('settles on the same one of two competing heads in either order', async () => {
    const both = [await value(3, { fill: 1 }), await value(3, { fill: 2 })]
    const outcomes = []
    for (const order of [both, both.toReversed()]) {
      const validator = createHeadValidator(webCrypto)
      let kept: Uint8Array | undefined
      for (const each of order)
        await Promise.resolve(validator.validate(key(), each)).then(
          () => {
            kept = each
          },
          () => {},
        )
      outcomes.push(kept)
    }
    expect(outcomes[0]).toEqual(outcomes[1])
  })

  it('refuses a head with a higher seq from a rotated-out key', async () => {
    const validator = createHeadValidator(webCrypto)
    const newKey = await signerOf(3)
    const rotated = await updateIdentity(identity, { signingKeys: [newKey.publicKey] }, [rotation], webCrypto)
    await validator.validate(key(), await value(5))
    await validator.validate(key(), await value(6, { by: rotated, signer: newKey }))
    await expect(validator.validate(key(), await value(99))).rejects.toBeInstanceOf(HeadRefused)
  })

  it('refuses values of another key or publisher and garbage of any length with HeadRefused', async () => {
    const validator = createHeadValidator(webCrypto)
    const good = await value(1)
    const changed = good.slice()
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
    const stranger = await createIdentity({ name: 'bob', rotation: signing, signingKey: rotation.publicKey }, webCrypto)
    const bad: [Uint8Array, Uint8Array][] = [
      [key('other'), good],
      [key('tool', stranger), good],
      [key(), changed],
      [key(), new Uint8Array()],
      [key(), new Uint8Array(10_000_000)],
      [new Uint8Array(), good],
      [new Uint8Array([0xff, 0xfe]), good],
      [new Uint8Array(1_000).fill(47), good],
    ]
    for (const [badKey, badValue] of bad)
      await expect(validator.validate(badKey, badValue)).rejects.toBeInstanceOf(HeadRefused)
    expect(validator.newest(key())?.seq).toBeUndefined()
  })

  it('refuses a value when the crypto provider fails', async () => {
    const broken: CryptoProvider = {
      sha256: async () => Promise.reject(new Error('out of order')),
      verify: async () => true,
    }
    await expect(createHeadValidator(broken).validate(key(), await value(1))).rejects.toBeInstanceOf(HeadRefused)
  })

  it('selects the newest valid value, or the first if none is valid', async () => {
    const { select } = createHeadValidator(webCrypto)
    const garbage = new Uint8Array([1])
    expect(await select(key(), [garbage, await value(2), await value(9), await value(3)])).toBe(2)
    expect(await select(key(), [garbage, garbage])).toBe(0)
    expect(await select(key(), [garbage, await value(1)])).toBe(1)
  })

  it('evicts the least recently seen key over its capacity', async () => {
    const validator = createHeadValidator(webCrypto, { maxKeys: 2 })
    await validator.validate(key('a'), await value(5, { slug: 'a' }))
    await validator.validate(key('b'), await value(5, { slug: 'b' }))
    await validator.validate(key('a'), await value(5, { slug: 'a' }))
    await validator.validate(key('c'), await value(5, { slug: 'c' }))
    expect([validator.newest(key('a'))?.seq, validator.newest(key('b'))?.seq, validator.newest(key('c'))?.seq]).toEqual(
      [5, undefined, 5],
    )
  })
})
