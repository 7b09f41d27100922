import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createInMemoryMeter } from '../telemetry/in-memory-meter.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { createRelayConnection } from './relay-connection.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a wake during a failing dial starts another dial at once', async () => {
  const peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  const dials: PromiseWithResolvers<never>[] = []
  const { meter, reader } = createInMemoryMeter()
  const tab = {
    telemetry: { ...noTelemetry, meter },
    libp2p: {
      getConnections: () => [],
      getMultiaddrs: () => [],
      dial() {
        const dial = Promise.withResolvers<never>()
        dials.push(dial)
        return dial.promise
      },
    },
  }
  const keeper = createRelayConnection(
    tab as never,
    { address: multiaddr('/ip4/127.0.0.1/tcp/1/ws'), peer },
    { onChange() {}, limitDial: (_, dial) => dial(), delayMs: 0 },
  )
  await vi.advanceTimersByTimeAsync(0)
  expect(dials).toHaveLength(1)
  keeper.wake()
  dials[0]?.reject(new Error('It was asleep.'))
  await vi.advanceTimersByTimeAsync(0)
  expect(dials).toHaveLength(2)
  // Without a request, it waits.
  dials[1]?.reject(new Error('There is no relay.'))
  await vi.advanceTimersByTimeAsync(0)
  expect(dials).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(dials).toHaveLength(3)
  expect(reader.sum('connection_errors_total', { kind: 'relay' })).toBe(2)
  keeper.stop()
  dials[2]?.reject(new Error('It was stopped.'))
  await vi.advanceTimersByTimeAsync(0)
  expect(reader.sum('connection_errors_total')).toBe(2)
})
