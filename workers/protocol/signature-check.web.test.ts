import { expect, test } from 'vitest'
import { verifyWithoutPlatform } from '../stack/ed25519.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { signedWithTorsion } from '../testing/torsion-signatures.ts'
import { checkSignature } from './signature-check.ts'

test('signatures by keys with a small-order component have the same outcome in the browser', async () => {
  for (const { key, signature, text, isGood } of signedWithTorsion()) {
    expect(await checkSignature(webCrypto.verify, key, text, signature)).toBe(isGood ? 'good' : 'bad')
    expect(verifyWithoutPlatform(key, text, signature)).toBe(isGood)
  }
})
