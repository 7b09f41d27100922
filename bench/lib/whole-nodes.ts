import { createEngine, type Engine } from '../../workers/engine/create-engine.ts'
import { createMemoryStore } from '../../workers/store/memory-store.ts'
import { createTestPlatform } from '../../workers/testing/platform.ts'

let started = 0

/**
 * Starts a whole engine, as a tab runs it, with storage in memory; other nodes reach it over a WebSocket instead of
 * WebRTC. Resolves when its commands work; its network starts in the background.
 */
export const startWholeNode = (relays: readonly string[]): Promise<Engine> => {
  started += 1
  return createEngine(
    {
      profile: `bench-${process.pid}-${started}`,
      relays: [...relays],
      iceServers: [],
      updates: { postMessage() {} },
      onStolen() {},
    },
    createTestPlatform({
      disk: createMemoryStore(),
      random: Math.random,
      clockMs: () => 0,
      node: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    }),
  )
}
