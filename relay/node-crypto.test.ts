import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSigner, webCrypto } from '../workers/stack/web-crypto.ts'
import { createNodeCrypto } from './node-crypto.ts'

const node = createNodeCrypto()
const bytes = (lengths: fc.Arbitrary<number>): fc.Arbitrary<Uint8Array> =>
  lengths.chain((length) => fc.uint8Array({ minLength: length, maxLength: length }))

test('hashes like WebCrypto, including views into larger buffers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(50), async (buffer, from) => {
      const view = buffer.subarray(from)
      expect(await node.sha256(view)).toEqual(await webCrypto.sha256(view))
    }),
  )
})

test('accepts exactly the signatures that WebCrypto accepts', async () => {
  const signers = await Promise.all([1, 2].map((n) => createSigner(new Uint8Array(32).fill(n))))
  await fc.assert(
    fc.asyncProperty(
      fc.record({ signer: fc.constantFrom(...signers), by: fc.constantFrom(...signers) }),
      fc.uint8Array({ maxLength: 100 }),
      fc.option(fc.record({ at: fc.nat(63), bit: fc.nat(7) })),
      async ({ signer, by }, message, flip) => {
        const signature = await by.sign(message)
        if (flip !== null) signature[flip.at] = (signature[flip.at] ?? 0) ^ (1 << flip.bit)
        const answer = await node.verify(signer.publicKey, message, signature)
        expect(answer).toBe(await webCrypto.verify(signer.publicKey, message, signature))
        expect(answer).toBe(signer === by && flip === null)
      },
    ),
  )
  const lengths = fc.constantFrom(0, 1, 31, 32, 33, 63, 64, 65)
  await fc.assert(
    fc.asyncProperty(bytes(lengths), bytes(lengths), async (key, signature) => {
      expect(await node.verify(key, signature, signature)).toBe(await webCrypto.verify(key, signature, signature))
    }),
  )
})
