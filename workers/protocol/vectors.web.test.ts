import { expect, test } from 'vitest'
import { createSigner, webCrypto } from '../stack/web-crypto.ts'
import { createVectors, expectedVectors } from '../testing/protocol-vectors.ts'

test('the test vectors have the same bytes in a browser as in Node', async () => {
  expect(await createVectors(createSigner, webCrypto)).toEqual(expectedVectors)
})
