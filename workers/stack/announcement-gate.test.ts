import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Message } from '@libp2p/gossipsub'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect, test, vi } from 'vitest'
import { announcementCodec } from '../protocol/announcement.ts'
import { createRegistry } from '../registry/registry.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { announcementOf, createForger, entriesOf } from '../testing/forged-records.ts'
import { createAnnouncementGate, type Judge } from './announcement-gate.ts'
import { createAnnouncementValidator } from './announcement-validator.ts'
import { webCrypto } from './web-crypto.ts'

const from = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const limits = { admitNews: () => true, settle() {} }
const messageOf = (data: Uint8Array): Message => ({ type: 'unsigned', topic: 'news', data })

const inTab = (): Judge => {
  const registry = createRegistry({ crypto: webCrypto, store: createMemoryStore(), onChange() {} })
  return (announcement, peer) => registry.receiveAnnouncement(announcement, { from: peer })
}

test.each([
  ['a tab', inTab],
  ['a relay', () => createAnnouncementValidator(webCrypto)],
])('%s decodes an announcement once, from its message to its verdict', async (_where, createJudge) => {
  const bytes = announcementOf(entriesOf(await (await createForger('once')).release('kit', '1.0.0')))
  const slugs: string[] = []
  const gate = createAnnouncementGate(createJudge(), limits, (_message, _from, { head }) => slugs.push(head.slug))
  const decode = vi.spyOn(announcementCodec, 'decode')
  expect(await gate(from, messageOf(bytes))).toBe(TopicValidatorResult.Accept)
  expect(slugs).toEqual(['kit'])
  expect(decode).toHaveBeenCalledTimes(1)
  decode.mockRestore()
})

test.each([
  ['a tab', inTab],
  ['a relay', () => createAnnouncementValidator(webCrypto)],
])('%s rejects what cannot be decoded, and passes nothing of it on', async (_where, createJudge) => {
  const passed = vi.fn()
  const gate = createAnnouncementGate(createJudge(), limits, passed)
  expect(await gate(from, messageOf(new Uint8Array(100).fill(0xff)))).toBe(TopicValidatorResult.Reject)
  expect(passed).not.toHaveBeenCalled()
})
