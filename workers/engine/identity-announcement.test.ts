import PQueue from 'p-queue'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Identity } from '../protocol/identity.ts'
import { type PackageId, packageId } from '../protocol/ids.ts'
import type { CataloguePackage } from '../registry/catalogue.ts'
import { createOutbox, type IdentityEntry } from '../registry/outbox.ts'
import type { Registry } from '../registry/registry.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { createTestPublisher } from '../testing/test-publisher.ts'
import { createIdentityAnnouncement } from './identity-announcement.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const { publisherId } = (await createTestPublisher(1)).identity
const ids = ['kit', 'tool'].map((slug) => packageId(publisherId, slug))

/** A pending identity change, and a network controlled by the test. */
const compose = async () => {
  const store = createMemoryStore()
  const outbox = createOutbox({ store })
  const announced: string[] = []
  const state = { seq: 2, revoked: false, audience: 1, synced: 1, takes: (_: string) => true }
  const queue = new PQueue({ concurrency: 1 })
  const exclusive: Registry['exclusive'] = (task) => queue.add(() => task(async () => {}))
  /** @param stored Settles when the write has. */
  const note = (seq: number, stored: Promise<void> = Promise.resolve()): Promise<void> =>
    exclusive(async () => {
      state.seq = seq
      const entry: IdentityEntry = { v: 1, kind: 'identity', publisher: publisherId, seq, changedAt: 1 }
      await store.write([outbox.toChange(entry)])
      await stored
      outbox.note(entry)
    })
  const stopped = new AbortController()
  const announcement = createIdentityAnnouncement({
    telemetry: noTelemetry,
    registry: {
      exclusive,
      packagesOf: () => (state.revoked ? [] : ids.map((id) => ({ id }) as CataloguePackage)),
      announcementFor: (id) => new TextEncoder().encode(`${id} under ${state.seq}`),
    },
    outbox,
    identity: { current: () => ({ publisherId, revoked: state.revoked }) as Identity },
    network: {
      announcements: {
        audience: () => state.audience,
        async announce(bytes) {
          const text = new TextDecoder().decode(bytes)
          if (!state.takes(text)) return 0
          announced.push(text)
          return state.audience
        },
      },
      sync: { syncWithPeers: async () => state.synced },
    },
    signal: stopped.signal,
  })
  await note(2)
  return {
    store,
    outbox,
    announced,
    state,
    note,
    announcement,
    async send() {
      announcement.send()
      await vi.advanceTimersByTimeAsync(0)
    },
  }
}

const under = (seq: number): string[] => ids.map((id) => `${id} under ${seq}`)

test('announces every own package with the new chain, and removes the entry from the outbox', async () => {
  const { send, announced, outbox, store } = await compose()
  await send()
  expect(announced).toEqual(under(2))
  expect(outbox.identityChange()).toBeUndefined()
  expect(await store.keys('outbox')).toEqual([])
  await send()
  expect(announced).toHaveLength(2)
})

test('a change that is stored while the one before leaves the outbox is still there after a restart', async () => {
  const { send, note, outbox, store } = await compose()
  const stored = Promise.withResolvers<void>()
  const noted = note(3, stored.promise)
  await send()
  stored.resolve()
  await noted
  await vi.advanceTimersByTimeAsync(0)
  expect(outbox.identityChange()).toMatchObject({ seq: 3 })
  const afterRestart = createOutbox({ store })
  await afterRestart.load()
  expect(afterRestart.identityChange()).toMatchObject({ seq: 3 })
})

test('until an exchange has reached a peer the entry stays, and no package is announced twice', async () => {
  const { send, announced, outbox, state } = await compose()
  state.synced = 0
  state.takes = (text) => text.includes('kit')
  await send()
  expect(announced).toEqual(under(2).slice(0, 1))
  expect(outbox.identityChange()).toMatchObject({ seq: 2 })
  Object.assign(state, { synced: 1, takes: () => true })
  await vi.advanceTimersByTimeAsync(15_000)
  expect(announced).toEqual(under(2))
  expect(outbox.identityChange()).toBeUndefined()
})

test('a second change is announced in full', async () => {
  const { send, announced, state, note } = await compose()
  state.synced = 0
  await send()
  await note(3)
  await send()
  expect(announced).toEqual([...under(2), ...under(3)])
})

test('publications of a revoked identity leave the outbox once a peer has the revocation', async () => {
  const { send, outbox, state, store } = await compose()
  const id = ids[0] as PackageId
  const publication = { v: 1, id, slug: 'kit', version: '1.0.0', seq: 1, publishedAt: 1, reason: 'publish' } as const
  await store.write([outbox.toChange(publication)])
  outbox.note(publication)
  Object.assign(state, { revoked: true, synced: 0 })
  await send()
  expect(outbox.list()).toEqual([publication])
  state.synced = 1
  await send()
  expect(await store.keys('outbox')).toEqual([])
})

test('nothing is retried after the stop', async () => {
  const { send, announcement, outbox, state } = await compose()
  state.synced = 0
  await send()
  announcement.stop()
  state.synced = 1
  await vi.advanceTimersByTimeAsync(60_000)
  expect(outbox.identityChange()).toMatchObject({ seq: 2 })
})
