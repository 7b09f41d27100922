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

test('verifies a good signature once and a bad one each time', async () => {
  const { crypto, checks } = createCounting()
  const openTask = createSignatureCache(crypto)
  const signer = await createSigner(new Uint8Array(32).fill(1))
  const signature = await signer.sign(bytes(1))
  const first = openTask()
  expect(await first.verify(signer.publicKey, bytes(1), signature)).toBe(true)
  expect(await first.verify(signer.publicKey, bytes(1), signature)).toBe(true)
  expect(first.checks()).toBe(1)
  const second = openTask()
  expect(await second.verify(signer.publicKey, bytes(1), signature)).toBe(true)
  expect(second.checks()).toBe(0)
  expect(await second.verify(signer.publicKey, bytes(2), signature)).toBe(false)
  expect(await second.verify(signer.publicKey, bytes(2), signature)).toBe(false)
  expect(second.checks()).toBe(2)
  expect(checks()).toBe(3)
})

test('concurrent checks of one signature share one verification', async () => {
  const { crypto, checks } = createCounting()
  const openTask = createSignatureCache(crypto)
  const signer = await createSigner(new Uint8Array(32).fill(1))
  const signature = await signer.sign(bytes(1))
  const all = Array.from({ length: 10 }, () => openTask().verify(signer.publicKey, bytes(1), signature))
  expect(await Promise.all(all)).toEqual(all.map(() => true))
  expect(checks()).toBe(1)
})

test('a different key, message or signature never hits the cache', async () => {
  const openTask = createSignatureCache(webCrypto)
  const [one, other] = await Promise.all([1, 2].map((n) => createSigner(new Uint8Array(32).fill(n))))
  if (one === undefined || other === undefined) throw new Error('no signers')
  const signature = await one.sign(bytes(1))
  const { verify } = openTask()
  expect(await verify(one.publicKey, bytes(1), signature)).toBe(true)
  expect(await verify(other.publicKey, bytes(1), signature)).toBe(false)
  expect(await verify(one.publicKey, bytes(1, 0), signature)).toBe(false)
  expect(await verify(one.publicKey, bytes(1), await other.sign(bytes(1)))).toBe(false)
  expect(await verify(one.publicKey.subarray(1), bytes(1), signature)).toBe(false)
})

test('evicts the least recently used signature', async () => {
  const { crypto, checks } = createCounting()
  const openTask = createSignatureCache(crypto, 2)
  const signer = await createSigner(new Uint8Array(32).fill(1))
  const check = async (n: number): Promise<number> => {
    const before = checks()
    await openTask().verify(signer.publicKey, bytes(n), await signer.sign(bytes(n)))
    return checks() - before
  }
  expect([await check(1), await check(2), await check(1), await check(3)]).toEqual([1, 1, 0, 1])
  expect([await check(1), await check(2)]).toEqual([0, 1])
})
