import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { webCrypto } from '../stack/web-crypto.ts'
import { entryId, maxBytesOf } from './entry.ts'
import { toHex } from './ids.ts'
import { IDENTITY_CHAIN_MAX_BYTES, OTHER_RECORD_MAX_BYTES } from './limits.ts'

const bytes = Uint8Array.of(1, 2, 3)
const idOf = async (kind: string): Promise<string> => toHex(await entryId({ kind, bytes }, webCrypto))
const sha256 = (...parts: (string | Uint8Array)[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

// docs/protocol.md §8: peers of any version must compute the same ids.
test('the id of a page or an identity is the hash of its bytes', async () => {
  expect([await idOf('page'), await idOf('identity')]).toEqual([sha256(bytes), sha256(bytes)])
})

test('the id of an entry that is not a signed record covers its kind', async () => {
  expect(await idOf('star')).toBe(sha256('ggen\0star\0', bytes))
  expect(await idOf('release')).toBe(sha256('ggen\0release\0', bytes))
})

test('a kind of a later version may be as large as a record of an unknown kind', () => {
  expect([maxBytesOf('identity'), maxBytesOf('star')]).toEqual([IDENTITY_CHAIN_MAX_BYTES, OTHER_RECORD_MAX_BYTES])
})
