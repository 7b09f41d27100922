import { createPublicKey, generateKeyPairSync, sign, verify as verifyByNode } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifyWithoutPlatform } from '../stack/ed25519.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { signedWithTorsion } from '../testing/torsion-signatures.ts'
import { concatBytes } from './bytes.ts'
import type { Verify } from './crypto.ts'
import { checkSignature, isUnambiguous } from './signature-check.ts'

const message = new TextEncoder().encode('message')

const byNode = async (key: Uint8Array, text: Uint8Array, signature: Uint8Array): Promise<boolean> => {
  try {
    const der = concatBytes([Uint8Array.of(48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0), key])
    return verifyByNode(null, text, createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' }), signature)
  } catch {
    return false
  }
}

const platforms: Verify[] = [webCrypto.verify, async (...parts) => verifyWithoutPlatform(...parts), byNode]

const signed = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
  return { key, signature: new Uint8Array(sign(null, message, privateKey)) }
}

const order = (1n << 252n) + 27742317777372353535851937790883648493n
const prime = (1n << 255n) - 19n

const toBytes = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n))
const toInteger = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

/** All encodings of points of small order, including unreduced ones. */
const orderEight = 55188659117513257062467267217118295137698188065244968500265048394206261417927n
const smallOrder = [0n, 1n, prime - 1n, orderEight, prime - orderEight]
  .flatMap((y) => [y, y + prime])
  .filter((y) => y < 1n << 255n)
  .flatMap((y) => [y, y | (1n << 255n)])
  .map(toBytes)

describe('a signature', () => {
  test('by its key is good, and bad after any change', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(127), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const { key, signature } = signed()
        expect(await checkSignature(webCrypto.verify, key, message, signature)).toBe('good')
        const all = concatBytes([key, signature, message.subarray(0, 7)]).map((byte, n) =>
          n === at % 103 ? byte ^ mask : byte,
        )
        const parts = [all.slice(0, 32), all.slice(96), all.slice(32, 96)] as const
        expect(await checkSignature(webCrypto.verify, ...parts)).toBe('bad')
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  test('by a key of another length cannot be verified', async () => {
    for (const length of [33, 57, 67])
      expect(await checkSignature(webCrypto.verify, new Uint8Array(length).fill(1), message, new Uint8Array(114))).toBe(
        'unknown key type',
      )
  })

  test('with small-order points or unreduced numbers, where implementations differ, is refused', async () => {
    expect(smallOrder.length).toBeGreaterThanOrEqual(14)
    const { key, signature } = signed()
    const s = toInteger(signature.subarray(32))
    const odd = [
      ...smallOrder.map((point) => [point, signature] as const),
      ...smallOrder.map((point) => [key, concatBytes([point, signature.subarray(32)])] as const),
      // A verifier without these checks accepts this forgery for any message: 0 * B = point of small order.
      ...smallOrder.flatMap((a) => smallOrder.map((r) => [a, concatBytes([r, new Uint8Array(32)])] as const)),
      [key, concatBytes([signature.subarray(0, 32), toBytes(s + order)])] as const,
      [toBytes(prime + 3n), signature] as const,
      [key, concatBytes([toBytes(prime + 3n), signature.subarray(32)])] as const,
    ]
    for (const [k, sig] of odd) {
      expect(isUnambiguous(k, sig)).toBe(false)
      expect(await checkSignature(async () => true, k, message, sig)).toBe('bad')
    }
  })

  test('has the same outcome in every implementation', async () => {
    const { key, signature } = signed()
    const oddities = [
      ...smallOrder,
      key,
      signature.subarray(0, 32),
      toBytes(prime - 2n),
      toBytes(2n),
      toBytes(order - 1n),
    ]
    for (const k of oddities) {
      for (const r of oddities) {
        for (const s of [
          signature.subarray(32),
          new Uint8Array(32),
          toBytes(1n),
          toBytes(order - 1n),
          toBytes(order),
        ]) {
          const odd = concatBytes([r, s])
          const verdicts = await Promise.all(platforms.map((verify) => checkSignature(verify, k, message, odd)))
          expect(new Set(verdicts).size).toBe(1)
        }
      }
    }
  })

  test('by a key with a small-order component has the same outcome on every platform', async () => {
    for (const { key, signature, text, isGood } of signedWithTorsion()) {
      // A verifier that multiplies by the cofactor accepts all of them.
      expect(ed25519.verify(signature, text, key)).toBe(true)
      for (const verify of platforms)
        expect(await checkSignature(verify, key, text, signature)).toBe(isGood ? 'good' : 'bad')
    }
  })
})
