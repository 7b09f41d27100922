import { describe, expect, it } from 'vitest'
import { createSigner, webCrypto } from '../stack/web-crypto.ts'
import {
  announcementOf,
  createForger,
  entriesOf,
  signedBy,
  withForgedIdentity,
  withWrongSignature,
} from '../testing/forged-records.ts'
import { announcementCodec, readAnnouncement, verifyAnnouncement } from './announcement.ts'
import { updateIdentity } from './identity.ts'

const outcome = async (bytes: Uint8Array): Promise<string> => {
  const read = await verifyAnnouncement(readAnnouncement(bytes), webCrypto)
  return read.ok ? (read.value.isSuperseded ? 'superseded' : 'valid') : read.name
}

const parts = (bytes: Uint8Array) => {
  const read = announcementCodec.decode(bytes)
  if (!read.ok) throw new Error(read.message)
  return read.value
}

describe('an announcement', () => {
  it('is valid if its parts are signed and consistent', async () => {
    const forger = await createForger('alice')
    const bytes = announcementOf(entriesOf(await forger.release('kit', '1.0.0')))
    expect(await outcome(bytes)).toBe('valid')
    expect(await outcome(announcementCodec.encode({ ...parts(bytes), release: null }))).toBe('valid')
    expect(readAnnouncement(bytes)).toMatchObject({
      ok: true,
      value: { head: { publisher: forger.identity.publisherId, slug: 'kit' } },
    })
  })

  it('is refused by name for a forged or inconsistent part', async () => {
    const [alice, mallory] = await Promise.all([createForger('alice'), createForger('mallory')])
    const state = await alice.release('kit', '1.0.0')
    const other = await alice.release('other', '1.0.0')
    const foreign = await mallory.release('kit', '1.0.0')
    const good = parts(announcementOf(entriesOf(state)))
    const encode = (changes: Partial<typeof good>) => announcementCodec.encode({ ...good, ...changes })
    expect(await outcome(encode({ head: withWrongSignature('head', state.head.bytes) }))).toBe('SignatureInvalid')
    expect(await outcome(encode({ release: withWrongSignature('release', state.release.bytes) }))).toBe(
      'SignatureInvalid',
    )
    expect(await outcome(encode({ identity: withForgedIdentity(good.identity) }))).toBe('IdentityInvalid')
    expect(await outcome(encode({ identity: mallory.identity.chain }))).toBe('IdentityInvalid')
    expect(await outcome(encode({ release: foreign.release.bytes }))).toBe('IdentityInvalid')
    // Signed by the same publisher, but not named by the head.
    expect(await outcome(encode({ release: other.release.bytes }))).toBe('RecordMalformed')
    expect(await outcome(announcementOf(entriesOf(await signedBy(mallory, state))))).toBe('SignatureInvalid')
    expect(await outcome(new Uint8Array(10_000_000))).toBe('RecordTooLarge')
    expect(await outcome(new Uint8Array(100).fill(0xff))).toBe('RecordMalformed')
  })

  it('is valid if signed by a former key', async () => {
    const rotation = await createSigner(new Uint8Array(32).fill(1))
    const forger = await createForger('alice', rotation)
    const state = await forger.release('kit', '1.0.0')
    const next = await createSigner(new Uint8Array(32).fill(3))
    const bytes = announcementOf(entriesOf(state))
    for (const changes of [{ signingKeys: [next.publicKey] }, { revoked: true }]) {
      const identity = await updateIdentity(forger.identity, changes, [rotation], webCrypto)
      expect(await outcome(announcementCodec.encode({ ...parts(bytes), identity: identity.chain }))).toBe('superseded')
    }
  })
})
