import { afterEach, expect, test } from 'vitest'
import { createEngineNetwork, type EngineNetwork, eventually } from '../testing/network.ts'

let network: EngineNetwork

afterEach(async () => {
  await network.stopAll()
})

const hourMs = 3_600_000

test('a wake syncs again and lists releases that a corrected clock has moved into the past', async ({ signal }) => {
  network = createEngineNetwork()
  const [alice, bob] = await network.startMany(['alice', 'bob'])
  if (alice === undefined || bob === undefined) throw new Error('peers are missing')
  bob.clockMs = -3 * hourMs
  await bob.publish('own', '1.0.0')
  await alice.publish('kit', '1.0.0')
  await bob.meet(alice)
  await eventually('bob has the whole catalogue', async () => (await bob.status()).catalogueComplete, signal)
  const listed = async (): Promise<string[]> => (await bob.search({ sort: 'updated' })).hits.map(({ slug }) => slug)
  expect(await listed()).toEqual(['own', 'kit'])

  bob.clockMs = 0
  await bob.wake('resume')
  // An exchange takes several messages, so it is still running after this answer.
  expect((await bob.status()).catalogueComplete).toBe(false)
  await eventually('catalogues are exchanged', async () => (await bob.status()).catalogueComplete, signal)
  expect(await listed()).toEqual(['kit', 'own'])
})
