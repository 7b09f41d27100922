import { describe, expect, it } from 'vitest'
import { verifyWithoutPlatform } from './ed25519.ts'
import { createSigner, generateSigningKey, keyByLibrary, keyFromSeed, webCrypto } from './web-crypto.ts'

const text = (message: string): Uint8Array => new TextEncoder().encode(message)
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))

/** RFC 8032 §7.1, tests 2 and 3. */
const vectors = [
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
]

describe('webCrypto', () => {
  it('hashes with SHA-256, including views into larger buffers', async () => {
    const larger = text('xxabcxx')
    const hash = await webCrypto.sha256(larger.subarray(2, 5))
    expect(Buffer.from(hash).toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it.each(vectors)('signs and verifies as RFC 8032 does: $message', async ({ seed, publicKey, message, signature }) => {
    const signer = await createSigner(fromHex(seed))
    expect(Buffer.from(signer.publicKey).toString('hex')).toBe(publicKey)
    expect(Buffer.from(await signer.sign(fromHex(message))).toString('hex')).toBe(signature)
    expect(await webCrypto.verify(fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(true)
    expect(await verifyWithoutPlatform(fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(true)
  })

  it('derives the same key from a seed as the library and rejects a seed of another length', async () => {
    const seed = await generateSigningKey()
    const [ours, theirs] = await Promise.all([keyFromSeed(seed), keyByLibrary(seed)])
    expect(ours.equals(theirs)).toBe(true)
    expect(ours.publicKey.equals(theirs.publicKey)).toBe(true)
    await expect(keyFromSeed(seed.subarray(1))).rejects.toBeInstanceOf(TypeError)
  })

  it('rejects another message, another key and any flipped bit with both verifiers', async () => {
    const signer = await createSigner(await generateSigningKey())
    const other = await createSigner(await generateSigningKey())
    const message = text('hello')
    const signature = await signer.sign(message)
    for (const verify of [webCrypto.verify, verifyWithoutPlatform]) {
      expect(await verify(signer.publicKey, message, signature)).toBe(true)
      expect(await verify(signer.publicKey, text('hellO'), signature)).toBe(false)
      expect(await verify(other.publicKey, message, signature)).toBe(false)
      for (const at of [0, 31, 32, 63]) {
        const flipped = signature.slice()
        flipped[at] = (flipped[at] ?? 0) ^ 1
        expect(await verify(signer.publicKey, message, flipped)).toBe(false)
      }
    }
  })

  it('returns false for garbage of any length', async () => {
    const lengths = [0, 1, 31, 32, 33, 64, 65, 1_000]
    for (const keyLength of lengths)
      for (const signatureLength of lengths)
        for (const fill of [0, 0xff])
          expect(
            await webCrypto.verify(
              new Uint8Array(keyLength).fill(fill),
              text('x'),
              new Uint8Array(signatureLength).fill(fill),
            ),
          ).toBe(false)
  })

  it('generates different seeds and rejects a seed of another length', async () => {
    expect(await generateSigningKey()).not.toEqual(await generateSigningKey())
    await expect(createSigner(new Uint8Array(31))).rejects.toThrow()
  })

  it('accepts keys and signatures that are views into a message', async () => {
    const signer = await createSigner(await generateSigningKey())
    const message = text('a record')
    const packed = new Uint8Array([...signer.publicKey, ...(await signer.sign(message)), ...message])
    expect(await webCrypto.verify(packed.subarray(0, 32), packed.subarray(96), packed.subarray(32, 96))).toBe(true)
    expect(await verifyWithoutPlatform(packed.subarray(0, 32), packed.subarray(96), packed.subarray(32, 96))).toBe(true)
  })
})
