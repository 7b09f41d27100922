import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import type { IdentityUpdate } from '../engine/identity.ts'
import { extendsIdentity, type Identity, verifyIdentity } from '../protocol/identity.ts'
import { headKey } from '../protocol/ids.ts'
import { verifyRelease } from '../protocol/release.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { untraced } from '../telemetry/operation.ts'
import { createEngineNetwork, type EnginePeer, eventually } from './network.ts'

const testMs = 120_000

const network = createEngineNetwork({ seed: 31, conditions: { delayMs: 1, jitterMs: 1 } })
afterEach(network.stopAll)

type Step = { readonly update: IdentityUpdate } | { readonly publish: string } | 'restart' | 'both at once'

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.constantFrom<Step>(
      { update: { newSigningKey: true } },
      { update: { newRotationKey: true } },
      { update: { newSigningKey: true, newRotationKey: true, name: 'renewed' } },
      'both at once',
      'restart',
    ),
    fc.constantFrom('ann', 'bea', 'cleo').map((name): Step => ({ update: { name } })),
    fc.constantFrom('kit', 'tool').map((publish): Step => ({ publish })),
  ),
  { minLength: 1, maxLength: 8 },
)

/** What `other` holds of a publisher is what it holds of itself. */
const agrees = (author: EnginePeer, other: EnginePeer): boolean => {
  const [mine, theirs] = [author, other].map(({ storage: { registry } }) => ({
    chain: registry.identityOf(author.publisherId)?.chain,
    packages: registry
      .packagesOf(author.publisherId)
      .map(({ id, head, versions }) => ({
        id,
        head: head.hash,
        known: versions.filter(({ release }) => release).length,
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  }))
  return JSON.stringify(mine) === JSON.stringify(theirs)
}

test(
  'whatever a publisher changes and publishes, with restarts between, its chain and all its releases verify at a peer',
  async ({ signal }) => {
    let runs = 0
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        runs += 1
        const [name, peerName] = [`author-${runs}`, `peer-${runs}`]
        const peer = await network.start(peerName)
        let author = await network.start(name)
        await author.meet(peer)
        let published = 0
        const chains: Identity[] = [author.storage.identity.current()]
        const signed: string[] = []
        const publish = async (slug: string): Promise<void> => {
          published += 1
          const { id } = await author.publish(slug, `1.0.${published}`)
          signed.push(`${id}@1.0.${published}`)
        }
        const update = async (wanted: IdentityUpdate): Promise<void> => {
          await author.storage.identity.update(wanted)
        }
        for (const step of plan) {
          if (step === 'restart') {
            await network.leave(author)
            author = await network.start(name)
            await author.meet(peer)
          } else if (step === 'both at once') {
            await Promise.all([publish('kit'), update({ newSigningKey: true }), update({ newRotationKey: true })])
          } else if ('publish' in step) await publish(step.publish)
          else await update(step.update)
          chains.push(author.storage.identity.current())
        }

        for (const [at, chain] of chains.entries()) {
          expect(await verifyIdentity(chain.chain, webCrypto)).toMatchObject({ ok: true })
          expect(extendsIdentity(chain, chains[at - 1] ?? chain)).toBe(true)
        }
        const last = author.storage.identity.current()
        const isNews = published > 0 || last.seq > 1
        if (isNews) await eventually('the peer has it all', () => agrees(author, peer), signal)
        const { registry } = peer.storage
        const listed = registry
          .packagesOf(author.publisherId)
          .flatMap(({ id, versions }) => versions.map(({ version }) => `${id}@${version}`))
        expect(listed.sort()).toEqual(signed.sort())
        const releases = [...registry.releasesBy(author.publisherId)]
        expect(releases).toHaveLength(published)
        for (const { bytes } of releases) {
          expect(await verifyRelease(bytes, last, webCrypto)).toMatchObject({ ok: true })
        }
        if (isNews) {
          const isSent = async (): Promise<boolean> => (await author.disk.keys('outbox')).length === 0
          // A publication of before the peer came may wait for the timer of its retry; the identity has a run of its own.
          await eventually('nothing waits to be sent', isSent, signal)
        }
        await Promise.all([network.leave(author), network.leave(peer)])
      }),
      { seed: 12, numRuns: 12 },
    )
  },
  testMs,
)

test(
  'a new name reaches the page, the peers and the heads in the DHT',
  async ({ signal }) => {
    const [author, reader] = [await network.start('named'), await network.start('reads')]
    await author.meet(reader)
    const { id } = await author.publish('kit', '1.0.0')
    await eventually('the first name is out', async () => (await author.disk.keys('outbox')).length === 0, signal)
    await author.storage.identity.update({ name: 'renamed' })
    await eventually(
      'the page shows the new name',
      () => author.updates.some((update) => update.kind === 'status' && update.status.publisherName === 'renamed'),
      signal,
    )
    await eventually('the peer shows it', async () => (await reader.describe(id)).publisher.name === 'renamed', signal)
    const key = headKey(author.storage.identity.current().publisherId, 'kit')
    const nameInDht = async (): Promise<string | undefined> =>
      (await reader.network.dht.findHead(key, untraced()))?.value.identity.name
    await eventually('the DHT has the new chain', async () => (await nameInDht()) === 'renamed', signal)
  },
  testMs,
)

test(
  'a change made offline goes out when a peer comes, after a restart too, and reaches one that has no package of it',
  async ({ signal }) => {
    const alone = await network.start('alone')
    await alone.storage.identity.update({ name: 'renamed', newSigningKey: true })
    expect(await alone.disk.keys('outbox')).toEqual(['identity'])
    await network.leave(alone)
    const [back, peer] = [await network.start('alone'), await network.start('witness')]
    expect((await back.status()).publisherName).toBe('renamed')
    expect(await back.disk.keys('outbox')).toEqual(['identity'])
    await back.meet(peer)
    await eventually(
      'the peer knows the new name',
      () => peer.storage.registry.identityOf(back.publisherId)?.name === 'renamed',
      signal,
    )
    await eventually('nothing waits to be sent', async () => (await back.disk.keys('outbox')).length === 0, signal)
  },
  testMs,
)

test(
  'the end of an identity hides its packages at peers and drops what still had to go out',
  async ({ signal }) => {
    const [author, peer] = [await network.start('ending'), await network.start('reader')]
    await author.meet(peer)
    await author.publish('kit', '1.0.0')
    await eventually('the peer lists it', () => peer.storage.registry.size() === 1, signal)
    await network.leave(author)
    const alone = await network.start('ending')
    await alone.publish('tool', '1.0.0')
    await alone.storage.identity.update({ revoked: true })
    await expect(alone.publish('kit', '1.1.0')).rejects.toMatchObject({ name: 'IdentityInvalid' })
    await alone.meet(peer)
    await eventually('the peer lists nothing', () => peer.storage.registry.size() === 0, signal)
    await eventually('nothing waits to be sent', async () => (await alone.disk.keys('outbox')).length === 0, signal)
  },
  testMs,
)
