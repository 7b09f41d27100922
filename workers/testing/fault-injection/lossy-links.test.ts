import { afterEach, expect, test } from 'vitest'
import { createEngineNetwork, eventually, introduce } from '../network.ts'

const testMs = 120_000

const network = createEngineNetwork({ seed: 60, conditions: { delayMs: 20, jitterMs: 20, loss: 0.05 } })
afterEach(network.stopAll)

test(
  'publishing and installing succeed on links that lose one message in twenty, while peers restart',
  async ({ signal }) => {
    const started = await network.startMany(Array.from({ length: 6 }, (_, at) => `peer-${at}`))
    await introduce(started)
    const published: string[] = []
    for (const [at, peer] of started.slice(0, 3).entries()) {
      published.push((await peer.publish(`package-${at}`, '1.0.0', { 'a.bin': new Uint8Array(200_000).fill(at) })).id)
    }
    const peers = await network.churn(started, 4)
    expect(new Set(peers.map(({ id }) => id)).size).toBe(6)
    expect(peers.filter((peer) => !started.includes(peer)).length).toBeGreaterThan(1)
    for (const peer of peers) {
      await eventually(
        `${peer.name} has all`,
        async () =>
          (await peer.search({ text: '' })).hits
            .map(({ id }) => id)
            .sort()
            .join() === [...published].sort().join(),
        signal,
      )
    }
    await Promise.all(peers.slice(4).map((peer) => peer.install(published)))
    for (const peer of peers.slice(4)) {
      expect(await peer.library()).toHaveLength(3)
      for (const id of published) expect(await peer.verify(id, '1.0.0')).toEqual({ ok: true, damaged: [] })
    }
  },
  testMs,
)
