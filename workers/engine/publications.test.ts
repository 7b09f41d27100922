import fc from 'fast-check'
import PQueue from 'p-queue'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { PublicationView } from '../contract/views.ts'
import type { PackageId } from '../protocol/ids.ts'
import { createOutbox, type PublicationEntry } from '../registry/outbox.ts'
import type { Registry } from '../registry/registry.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { createPublications, type PublicationsNetwork } from './publications.ts'

// No timer fires in these tests: work that waits for one never runs.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** Waits without advancing the clock. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

const publisher = 'a'.repeat(52)
const idOf = (name: string): PackageId => `${publisher}/${name}` as PackageId

/** A point at which the test can interleave other events; it resolves when the test says so. */
type Step = (what: string) => Promise<void>

/** A profile with an outbox and a network whose calls take as long as `step` does. */
const compose = async (step: Step, confirm: () => number = () => 0) => {
  const store = createMemoryStore()
  const outbox = createOutbox({ store })
  await outbox.load()
  const seqById = new Map<string, number>()
  const announced: string[] = []
  const views: PublicationView[] = []
  const state = { audience: 0, connections: 1 }
  const queue = new PQueue({ concurrency: 1 })
  const exclusive = <T>(task: () => Promise<T>): Promise<T> => queue.add(task)
  const registry = {
    exclusive,
    announcementFor: (id: string) => new TextEncoder().encode(`${id} ${seqById.get(id)}`),
    dhtValueFor: (id: string) => ({ key: id, value: new Uint8Array() }),
    get: () => undefined,
  } as unknown as Registry
  const network: PublicationsNetwork = {
    peers: { connectionCount: () => state.connections },
    announcements: {
      audience: () => state.audience,
      async announce(bytes) {
        await step('an announcement')
        if (state.audience > 0) announced.push(new TextDecoder().decode(bytes))
        return state.audience
      },
    },
    dht: {
      async putHead() {
        await step('a put')
        return confirm()
      },
      provide: async () => 0,
    },
    sync: { syncNow() {} },
  }
  const publications = createPublications({
    telemetry: noTelemetry,
    registry,
    outbox,
    network,
    signal: new AbortController().signal,
    onChange: (view) => views.push(view),
  })
  return {
    store,
    outbox,
    announced,
    views,
    state,
    seqById,
    publications,
    async publish(name: string) {
      const id = idOf(name)
      const seq = (seqById.get(id) ?? 0) + 1
      seqById.set(id, seq)
      const entry: PublicationEntry = {
        v: 1,
        id,
        slug: name,
        version: `1.0.${seq}`,
        seq,
        publishedAt: seq,
        reason: 'publish',
      }
      await exclusive(async () => {
        await store.write([outbox.toChange(entry)])
        await step('a commit')
        outbox.note(entry)
      })
      publications.sendAll()
    },
    arrive() {
      state.audience += 1
      publications.sendAll()
    },
    leave() {
      state.audience = Math.max(0, state.audience - 1)
    },
  }
}

test('a peer that subscribes during the DHT put receives the announcement at once', async () => {
  const put = Promise.withResolvers<void>()
  const profile = await compose(async (what) => (what === 'a put' ? put.promise : undefined))
  await profile.publish('one')
  await until(() => profile.views.length > 0)
  profile.arrive()
  await until(() => profile.announced.length > 0)
  expect(profile.announced).toEqual([`${idOf('one')} 1`])
  expect(profile.views.at(-1)).toMatchObject({ state: 'sending', announcedTo: 1 })
  put.resolve()
  await until(() => profile.outbox.list().length === 0)
  expect(profile.views.at(-1)).toMatchObject({ state: 'sent', announcedTo: 1 })
})

test('a version that is stored while an earlier one leaves the outbox is still there after a restart', async () => {
  const put = Promise.withResolvers<void>()
  const commit = Promise.withResolvers<void>()
  let commits = 0
  const profile = await compose(
    async (what) => {
      if (what === 'a put') await put.promise
      if (what !== 'a commit') return
      commits += 1
      if (commits === 2) await commit.promise
    },
    () => 3,
  )
  profile.arrive()
  await profile.publish('one')
  await until(() => profile.announced.length === 1)
  profile.leave()
  const second = profile.publish('one')
  await until(() => commits === 2)
  put.resolve()
  await until(() => profile.views.at(-1)?.state === 'sent')
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  commit.resolve()
  await second
  await until(() => profile.views.at(-1)?.state === 'stored' || profile.views.at(-1)?.state === 'sent')
  const afterRestart = createOutbox({ store: profile.store })
  await afterRestart.load()
  expect(afterRestart.get(idOf('one'))).toMatchObject({ seq: 2 })
})

test('whatever happens while something is under way, all news goes out without waiting for a timer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.constantFrom('publish one', 'publish two', 'arrive', 'leave'), { minLength: 1, maxLength: 10 }),
      fc.infiniteStream(fc.constantFrom(0, 0, 3)),
      async (scheduler, events, confirmations) => {
        const profile = await compose(
          (what) => scheduler.schedule(Promise.resolve(), what),
          () => confirmations.next().value ?? 0,
        )
        const happen: Record<(typeof events)[number], () => unknown> = {
          'publish one': () => profile.publish('one'),
          'publish two': () => profile.publish('two'),
          arrive: profile.arrive,
          leave: profile.leave,
        }
        const all = events.map(async (event) => {
          await scheduler.schedule(Promise.resolve(), event)
          await happen[event]()
        })
        await scheduler.waitFor(Promise.all(all))
        // The last subscriber stays.
        profile.arrive()
        const settled = async (): Promise<void> => {
          for (let turn = 0; turn < 30; turn += 1) {
            await new Promise((resolve) => setImmediate(resolve))
            await scheduler.waitAll()
          }
        }
        await settled()
        expect(profile.outbox.list()).toEqual([])
        for (const [id, seq] of profile.seqById) expect(profile.announced).toContain(`${id} ${seq}`)
      },
    ),
    { numRuns: 1_000 },
  )
})

test('an unconfirmed put is repeated when a peer has connected meanwhile', async () => {
  const puts: PromiseWithResolvers<void>[] = []
  const profile = await compose(async (what) => {
    if (what !== 'a put') return
    const put = Promise.withResolvers<void>()
    puts.push(put)
    await put.promise
  })
  await profile.publish('one')
  await until(() => puts.length === 1)
  // A peer without a subscription, such as a DHT server without gossip.
  profile.publications.sendAll()
  puts[0]?.resolve()
  await until(() => puts.length === 2)
})
