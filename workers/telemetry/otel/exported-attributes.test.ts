import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashToPublisherId, packageId, rootToText } from '../../protocol/ids.ts'
import { exportedIds, exportedWords, sanitiseAttributes, sanitiseLabels, sanitiseName } from './exported-attributes.ts'

const hashPeer = async (): Promise<string> => '0123456789abcdef'

const peers = async (): Promise<string[]> => {
  const ids = await Promise.all(
    (['Ed25519', 'secp256k1'] as const).map(async (type) => peerIdFromPrivateKey(await generateKeyPair(type))),
  )
  return [...ids, peerIdFromPrivateKey(await generateKeyPair('RSA', 2048))].flatMap((id) => [
    id.toString(),
    id.toCID().toString(),
  ])
}

test('a peer is exported as a hash, under any key and in any form', async () => {
  for (const peer of await peers())
    for (const key of ['peer', 'kind', 'from', 'anything'])
      expect(await sanitiseAttributes({ [key]: peer }, hashPeer)).toEqual({ [key]: '0123456789abcdef' })
})

test('numbers, flags, words of this program and public ids pass', async () => {
  const digest = new Uint8Array(32).fill(7)
  const publicData = {
    ms: 4.5,
    relayed: false,
    outcome: 'timed-out',
    command: 'publishDraft',
    protocol: '/ggen/query/1.0.0',
    package: packageId(hashToPublisherId(digest), 'rust-cli'),
    root: rootToText(digest),
    key: `/ggen/${packageId(hashToPublisherId(digest), 'rust-cli')}`,
    version: '1.2.3-beta.1',
    purpose: 'find_head',
    bucket: '0.8-1.0',
  }
  expect(await sanitiseAttributes(publicData, hashPeer)).toEqual(publicData)
})

test('addresses, texts, file names and unknown keys stay here', async () => {
  const [peer = ''] = await peers()
  const secrets = [
    `/ip4/192.168.1.7/tcp/9000/ws/p2p/${peer}`,
    `/dns4/relay.example.org/tcp/443/wss/p2p/${peer}/p2p-circuit`,
    '192.168.1.7',
    '2001:db8::7',
    'my tax returns',
    'src/secret.ts',
    'notes.txt',
    `${peer} `,
    `x${peer}`,
    'é',
    'x'.repeat(41),
    '',
  ]
  for (const secret of secrets)
    for (const key of [...exportedWords, ...exportedIds, 'text', 'peer', 'address'])
      expect(await sanitiseAttributes({ [key]: secret }, hashPeer)).toEqual({})
  expect(
    await sanitiseAttributes({ text: 'word', 'Not A Key': 1, [peer]: 1, list: ['a'], none: null }, hashPeer),
  ).toEqual({})
})

test('no attribute, label or name of any kind carries a peer id, an address or a sentence', async () => {
  const [peer = ''] = await peers()
  const secret = fc.oneof(
    fc.constantFrom(peer, `/ip4/10.1.2.3/tcp/1/p2p/${peer}`, 'what I typed', 'folder/file.txt'),
    fc.string({ maxLength: 300 }).map((text) => `${text}${peer}${text}`),
  )
  const key = fc.oneof(fc.constantFrom(...exportedWords, ...exportedIds, 'peer'), fc.string({ maxLength: 60 }), secret)
  await fc.assert(
    fc.asyncProperty(fc.dictionary(key, fc.oneof(secret, fc.double(), fc.anything())), secret, async (given, name) => {
      const exported = JSON.stringify([
        await sanitiseAttributes(given, hashPeer),
        sanitiseLabels(given),
        sanitiseName(name),
      ])
      expect(exported).not.toContain(peer)
      expect(exported).not.toMatch(/\d+\.\d+\.\d+\.\d+|file\.txt/)
    }),
    { seed: 4, numRuns: 500 },
  )
})
