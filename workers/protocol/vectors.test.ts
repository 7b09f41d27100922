import { expect, test } from 'vitest'
import { createSigner, webCrypto } from '../stack/web-crypto.ts'
import { createVectors, expectedVectors } from '../testing/protocol-vectors.ts'

test('the test vectors keep their bytes', async () => {
  expect(await createVectors(createSigner, webCrypto)).toEqual(expectedVectors)
})
