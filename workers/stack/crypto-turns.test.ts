import { expect, test, vi } from 'vitest'
import { createNodeCrypto } from '../../relay/node-crypto.ts'
import { readAnnouncement, verifyAnnouncement } from '../protocol/announcement.ts'
import type { CryptoProvider } from '../protocol/crypto.ts'
import { encodeDhtValue, verifyDhtValue } from '../protocol/dht-value.ts'
import { updateIdentity } from '../protocol/identity.ts'
import { headKey } from '../protocol/ids.ts'
import { createRegistry } from '../registry/registry.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { announcementOf, createForger, entriesOf } from '../testing/forged-records.ts'
import { createRelayAnnouncementValidator } from './relay-announcement-validator.ts'
import { createSigner, generateSigningKey, webCrypto } from './web-crypto.ts'

/**
 * WebCrypto as a busy page sees it: each job ends in its own turn of the event loop, and concurrent jobs end in the same
 * turn. On a busy machine a turn may take half a second, so the number of turns matters.
 */
const countTurns = async <T>(
  work: (crypto: CryptoProvider) => Promise<T>,
): Promise<{ result: T; turns: number; checks: number }> => {
  const node = createNodeCrypto()
  let waiting: (() => void)[] = []
  let checks = 0
  let turns = 0
  const inNextTurn = async <R>(job: Promise<R>): Promise<R> => {
    await new Promise<void>((resolve) => waiting.push(resolve))
    return job
  }
  const crypto: CryptoProvider = {
    sha256: (bytes) => inNextTurn(node.sha256(bytes)),
    verify(...given) {
      checks += 1
      return inNextTurn(node.verify(...given))
    },
  }
  let done = false
  const working = work(crypto).finally(() => {
    done = true
  })
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve))
    const ended = waiting
    waiting = []
    if (ended.length > 0) turns += 1
    for (const end of ended) end()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { result: await working, turns, checks }
}

/** An announcement of a publisher with three identity documents. */
const createAnnouncement = async () => {
  const rotation = await createSigner(await generateSigningKey())
  const forger = await createForger('turns', rotation)
  const state = await forger.release('one', '1.0.0')
  let identity = state.identity
  for (const name of ['turned', 'turned again'])
    identity = await updateIdentity(identity, { name }, [rotation], webCrypto)
  return { identity, head: state.head, bytes: announcementOf(entriesOf({ ...state, identity })) }
}

test('an announcement is verified in one turn, however many signatures it has', async () => {
  const { bytes } = await createAnnouncement()
  const { result, turns, checks } = await countTurns((crypto) => verifyAnnouncement(readAnnouncement(bytes), crypto))
  expect(result.ok).toBe(true)
  expect(checks).toBe(5)
  expect(turns).toBe(1)
})

test('a record of the DHT is verified in one turn', async () => {
  const { identity, head } = await createAnnouncement()
  const { publisher, slug } = head.head
  const { result, turns } = await countTurns((crypto) =>
    verifyDhtValue(headKey(publisher, slug), encodeDhtValue(identity, head), crypto),
  )
  expect(result.ok).toBe(true)
  expect(turns).toBe(1)
})

test('a relay validates an announcement in one turn', async () => {
  const { bytes } = await createAnnouncement()
  const { result, turns } = await countTurns((crypto) =>
    createRelayAnnouncementValidator(crypto)(readAnnouncement(bytes), 'peer'),
  )
  expect(result.verdict).toBe('new')
  expect(turns).toBe(1)
})

test('a tab adds an announcement to its catalogue in two turns without waiting for the disk', async () => {
  const { bytes } = await createAnnouncement()
  const store = createMemoryStore()
  const { result, turns, checks } = await countTurns((crypto) => {
    // A disk that never answers.
    const registry = createRegistry({ crypto, onChange() {}, store: { ...store, write: () => new Promise(() => {}) } })
    return registry.receiveAnnouncement(readAnnouncement(bytes), { from: 'peer' })
  })
  expect(result.verdict).toBe('new')
  // Nothing is verified twice; the second turn hashes the catalogue's copy of the identity.
  expect(turns).toBe(2)
  expect(checks).toBe(5)
})

test('Node verifies an announcement within the current turn', async () => {
  const { bytes } = await createAnnouncement()
  const validate = createRelayAnnouncementValidator(createNodeCrypto())
  let turns = 0
  setImmediate(() => {
    turns += 1
  })
  expect(await validate(readAnnouncement(bytes), 'peer')).toMatchObject({ verdict: 'new' })
  expect(turns).toBe(0)
})

test('imports a key once and does not cache a failed import', async () => {
  const signer = await createSigner(await generateSigningKey())
  const [one, two] = [new Uint8Array([1]), new Uint8Array([2])]
  const signatures = await Promise.all([one, two].map((message) => signer.sign(message)))
  await webCrypto.verify(signer.publicKey, one, new Uint8Array(64))
  const imports = vi.spyOn(crypto.subtle, 'importKey')
  expect(
    await Promise.all(
      [one, two].map((message, i) => webCrypto.verify(signer.publicKey, message, signatures[i] ?? one)),
    ),
  ).toEqual([true, true])
  expect(imports).toHaveBeenCalledTimes(0)
  imports.mockRestore()
})
