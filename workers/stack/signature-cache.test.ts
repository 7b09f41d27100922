import { expect, test } from 'vitest'
import type { CryptoProvider } from '../protocol/crypto.ts'
import { createSignatureCache } from './signature-cache.ts'
import { createSigner, webCrypto } from './web-crypto.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

const createCounting = () => {
  let checks = 0
  const crypto: CryptoProvider = {
    sha256: webCrypto.sha256,
    verify(...given) {
      checks += 1
      return webCrypto.verify(...given)
    },
  }
  return { crypto, checks: () => checks }
}

test('a good signature is checked once, a bad one each time', async () => {
  const { crypto, checks } = createCounting()
  const recall = createSignatureCache(crypto)
  const signer = await createSigner(new Uint8Array(32).fill(1))
  const signature = await signer.sign(bytes(1))
  const first = recall()
  expect(await first.verify(signer.publicKey, bytes(1), signature)).toBe(true)
  expect(await first.verify(signer.publicKey, bytes(1), signature)).toBe(true)
  expect(first.checks()).toBe(1)
  const second = recall()
  expect(await second.verify(signer.publicKey, bytes(1), signature)).toBe(true)
  expect(second.checks()).toBe(0)
  expect(await second.verify(signer.publicKey, bytes(2), signature)).toBe(false)
  expect(await second.verify(signer.publicKey, bytes(2), signature)).toBe(false)
  expect(second.checks()).toBe(2)
  expect(checks()).toBe(3)
})

test('the same checks at the same time are one', async () => {
  const { crypto, checks } = createCounting()
  const recall = createSignatureCache(crypto)
  const signer = await createSigner(new Uint8Array(32).fill(1))
  const signature = await signer.sign(bytes(1))
  const all = Array.from({ length: 10 }, () => recall().verify(signer.publicKey, bytes(1), signature))
  expect(await Promise.all(all)).toEqual(all.map(() => true))
  expect(checks()).toBe(1)
})

test('another key, message or signature is not taken for a known one', async () => {
  const recall = createSignatureCache(webCrypto)
  const [one, other] = await Promise.all([1, 2].map((n) => createSigner(new Uint8Array(32).fill(n))))
  if (one === undefined || other === undefined) throw new Error('no signers')
  const signature = await one.sign(bytes(1))
  const { verify } = recall()
  expect(await verify(one.publicKey, bytes(1), signature)).toBe(true)
  expect(await verify(other.publicKey, bytes(1), signature)).toBe(false)
  expect(await verify(one.publicKey, bytes(1, 0), signature)).toBe(false)
  expect(await verify(one.publicKey, bytes(1), await other.sign(bytes(1)))).toBe(false)
  expect(await verify(one.publicKey.subarray(1), bytes(1), signature)).toBe(false)
})

test('the least recently used is forgotten', async () => {
  const { crypto, checks } = createCounting()
  const recall = createSignatureCache(crypto, 2)
  const signer = await createSigner(new Uint8Array(32).fill(1))
  const check = async (n: number): Promise<number> => {
    const before = checks()
    await recall().verify(signer.publicKey, bytes(n), await signer.sign(bytes(n)))
    return checks() - before
  }
  expect([await check(1), await check(2), await check(1), await check(3)]).toEqual([1, 1, 0, 1])
  expect([await check(1), await check(2)]).toEqual([0, 1])
})
