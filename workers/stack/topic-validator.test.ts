import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Message } from '@libp2p/gossipsub'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect, test, vi } from 'vitest'
import { announcementCodec } from '../protocol/announcement.ts'
import { createRegistry } from '../registry/registry.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { announcementOf, createForger, entriesOf } from '../testing/forged-records.ts'
import { createRelayAnnouncementValidator } from './relay-announcement-validator.ts'
import { type AnnouncementValidator, createTopicValidator } from './topic-validator.ts'
import { webCrypto } from './web-crypto.ts'

const from = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const limits = { admitAnnouncement: () => true, record() {} }
const messageOf = (data: Uint8Array): Message => ({ type: 'unsigned', topic: 'news', data })

const inTab = (): AnnouncementValidator => {
  const registry = createRegistry({ crypto: webCrypto, store: createMemoryStore(), onChange() {} })
  return (announcement, peer) => registry.receiveAnnouncement(announcement, { from: peer })
}

test.each([
  ['a tab', inTab],
  ['a relay', () => createRelayAnnouncementValidator(webCrypto)],
])('%s decodes an announcement only once', async (_where, createValidator) => {
  const bytes = announcementOf(entriesOf(await (await createForger('once')).release('kit', '1.0.0')))
  const slugs: string[] = []
  const validator = createTopicValidator(createValidator(), limits, (_message, _from, { head }) =>
    slugs.push(head.slug),
  )
  const decode = vi.spyOn(announcementCodec, 'decode')
  expect(await validator(from, messageOf(bytes))).toBe(TopicValidatorResult.Accept)
  expect(slugs).toEqual(['kit'])
  expect(decode).toHaveBeenCalledTimes(1)
  decode.mockRestore()
})

test.each([
  ['a tab', inTab],
  ['a relay', () => createRelayAnnouncementValidator(webCrypto)],
])('%s rejects a message that cannot be decoded and does not pass it on', async (_where, createValidator) => {
  const passed = vi.fn()
  const validator = createTopicValidator(createValidator(), limits, passed)
  expect(await validator(from, messageOf(new Uint8Array(100).fill(0xff)))).toBe(TopicValidatorResult.Reject)
  expect(passed).not.toHaveBeenCalled()
})
