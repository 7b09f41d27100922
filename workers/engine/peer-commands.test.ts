import { afterEach, expect, test } from 'vitest'
import { toFailure } from '../contract/failures.ts'
import { createReputation } from '../peers/reputation.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { untraced } from '../telemetry/operation.ts'
import { createEngineNetwork, type EnginePeer, eventually } from '../testing/network.ts'
import { offline } from './network-concerns.ts'
import { createPeerCommands } from './peer-commands.ts'

const testMs = 60_000

const network = createEngineNetwork({ seed: 40 })
afterEach(network.stopAll)

const twoPeers = async (): Promise<[EnginePeer, EnginePeer]> => {
  const [one, other] = await network.startMany(['one', 'other'])
  if (one === undefined || other === undefined) throw new Error('no engines')
  await one.meet(other)
  return [one, other]
}

const isConnected = async (one: EnginePeer, other: EnginePeer): Promise<boolean> =>
  (await one.peers()).some(({ peerId }) => peerId === other.id)

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => ({ value }),
    (error) => `${toFailure(error).name} ${toFailure(error).reason.code}`,
  )

/** A valid id of nobody. */
const stranger = '12D3KooWHFrmLWTTDD4NodngtRMEVYgxrsDMp4F9iSwYntZ9WjHa'

test('a connected peer in detail', { timeout: testMs }, async ({ signal }) => {
  const [one, other] = await twoPeers()
  await eventually(
    'it is identified and speaks a protocol',
    async () =>
      (await one.peer(other.id)).protocols.includes('/ggen/piece/1.0.0') ||
      (await one.peer(other.id)).protocols.length > 5,
    signal,
  )
  await eventually('a stream is open', async () => (await one.peer(other.id)).streams.length > 0, signal)
  const detail = await one.peer(other.id)
  expect(detail).toMatchObject({ peerId: other.id, kind: 'peer', path: 'direct' })
  expect(detail.addresses.join(' ')).toContain('/memory/')
  expect(detail.protocols).toEqual([...detail.protocols].sort())
  for (const { protocol, count } of detail.streams) {
    expect(protocol).toMatch(/^\//)
    expect(count).toBeGreaterThan(0)
  }
  expect(detail.history.times.length).toBe(detail.history.scores.length)
  one.storage.reputation.observe(other.id, { kind: 'ok', ms: 5 })
  expect((await one.peer(other.id)).reputation).toMatchObject({ peer: other.id, faults: 0 })
})

test('pings a peer one after the other; those of a silent peer are lost', { timeout: testMs }, async ({ signal }) => {
  const [one, other] = await twoPeers()
  const view = await one.ping(other.id, 3)
  expect(view.roundTripsMs).toHaveLength(3)
  const { minMs = Number.NaN, medianMs = Number.NaN, maxMs = Number.NaN } = view
  expect(minMs).toBeGreaterThan(0)
  expect(minMs).toBeLessThanOrEqual(medianMs)
  expect(medianMs).toBeLessThanOrEqual(maxMs)
  expect((await one.ping(other.id)).roundTripsMs).toHaveLength(5)
  await eventually('the list has its round trip', async () => (await one.peer(other.id)).rttMs !== undefined, signal)
  network.silence([other])
  expect(await one.ping(other.id, 1)).toEqual({ roundTripsMs: [undefined] })
})

test(
  'many pings at once wait for each other: none is lost, and the connection stays',
  { timeout: testMs },
  async () => {
    const [one, other] = await twoPeers()
    const lost = async (): Promise<number> =>
      Object.entries(await one.metrics()).find(([name]) => name === 'connection_errors_total')?.[1] ?? 0
    const views = await Promise.all(Array.from({ length: 60 }, () => one.ping(other.id, 2)))
    expect(views.flatMap(({ roundTripsMs }) => roundTripsMs).filter((ms) => ms === undefined)).toEqual([])
    expect([await isConnected(one, other), await lost()]).toEqual([true, 0])
  },
)

test('the end of the engine cancels a ping', { timeout: testMs }, async () => {
  const [one, other] = await twoPeers()
  network.silence([other])
  const pinging = failureOf(one.ping(other.id, 20))
  await network.leave(one)
  expect(await pinging).toBe('Cancelled cancelled')
})

test('a disconnected peer may connect again', { timeout: testMs }, async ({ signal }) => {
  const [one, other] = await twoPeers()
  await one.disconnect(other.id)
  await other.meet(one)
  await eventually('it is back', () => isConnected(one, other), signal)
})

test(
  'a banned peer is disconnected and refused until the ban ends, also after a restart',
  { timeout: testMs },
  async ({ signal }) => {
    const [one, other] = await twoPeers()
    await one.ban(other.id)
    expect(await isConnected(one, other)).toBe(false)
    const banned = (await one.reputation()).find(({ peer }) => peer === other.id)
    expect(banned?.faults).toBe(0)
    expect(banned?.bannedUntil).toBeGreaterThan(Date.now() + 3_500_000)
    await expect(one.meet(other)).rejects.toMatchObject({ name: 'PeerUnreachable' })
    await other.meet(one).catch(() => undefined)
    await eventually('it is refused', async () => !(await isConnected(other, one)), signal)

    await network.leave(one)
    const back = await network.start('one')
    expect((await back.reputation()).find(({ peer }) => peer === other.id)?.bannedUntil).toBeDefined()
    await expect(back.meet(other)).rejects.toMatchObject({ name: 'PeerUnreachable' })

    await back.unban(other.id)
    expect((await back.reputation()).find(({ peer }) => peer === other.id)?.bannedUntil).toBeUndefined()
    await back.meet(other)
    await eventually('it is accepted again', () => isConnected(back, other), signal)
  },
)

test(
  'a peer that is not connected can be banned, and unbanning one that is not banned does nothing',
  { timeout: testMs },
  async () => {
    const one = await network.start('one')
    await one.ban(stranger)
    await one.ban(stranger)
    expect((await one.reputation()).map(({ peer }) => peer)).toEqual([stranger])
    await one.unban(stranger)
    await one.unban(stranger)
    expect((await one.reputation())[0]?.bannedUntil).toBeUndefined()
  },
)

test('commands name what is wrong with their arguments', { timeout: testMs }, async () => {
  const [one, other] = await twoPeers()
  const wrong: unknown[] = ['', 'nobody', 'x'.repeat(1_000_000), '/ip4/1.2.3.4', 5, null, {}, Symbol('peer')]
  for (const id of wrong)
    for (const command of [one.peer, one.ping, one.disconnect, one.ban, one.unban])
      expect(await failureOf((command as (id: unknown) => Promise<unknown>)(id))).toBe(
        'InvalidArgument malformed-peer-id',
      )
  for (const command of [one.peer, one.ping, one.disconnect, one.ban, one.unban])
    expect(await failureOf(command(one.id))).toBe('InvalidArgument own-peer')
  for (const count of [0, -1, 21, 1.5, Number.NaN, '5', null] as number[])
    expect(await failureOf(one.ping(other.id, count))).toBe('InvalidArgument malformed-argument')
  for (const command of [one.peer, one.ping, one.disconnect])
    expect(await failureOf(command(stranger))).toBe('PeerUnreachable peer-not-connected')
})

const storedReputation = () =>
  createReputation({ store: createMemoryStore(), now: () => 1_800_000_000_000, random: () => 0.5 })

test('a relay cannot be banned', async () => {
  const reputation = storedReputation()
  const peers = { ...offline.peers, isRelay: (peer: string) => peer === stranger }
  const { ban } = createPeerCommands({ self: '', reputation, network: { started: Promise.resolve(true), peers } })
  expect(await failureOf(ban(untraced(), stranger))).toBe('InvalidArgument relay-not-banned')
  expect(reputation.isBanned(stranger)).toBe(false)
})

test('without a network, bans work and everything else says why not', async () => {
  const reputation = storedReputation()
  const network = { started: Promise.resolve(false), peers: offline.peers }
  const commands = createPeerCommands({ self: '', reputation, network })
  for (const command of [commands.peer, commands.ping, commands.disconnect])
    expect(await failureOf(command(untraced(), stranger))).toBe('PeerUnreachable network-not-started')
  await commands.ban(untraced(), stranger)
  expect(reputation.isBanned(stranger)).toBe(true)
})
