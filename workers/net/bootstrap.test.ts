import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTestNetwork, until } from '../testing/relay-network.ts'
import { pathsOf, recordTraces, spansOf, strays } from '../testing/trace-recording.ts'
import { startBootstrap } from './bootstrap.ts'

const { signal } = new AbortController()

describe('the trace of a bootstrap', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  test('ends with the first direct peer, once steps under way have ended', async () => {
    const { tracer, traces } = recordTraces()
    const bootstrap = startBootstrap(tracer, { relays: 2 })
    let peer: string | undefined
    await bootstrap.run('node_start', signal, async () => {})
    bootstrap.waitFor(() => peer)
    const dial = Promise.withResolvers<void>()
    const dialling = bootstrap.run('relay_dial', signal, () => dial.promise, { relay: 'a' })
    bootstrap.changed()
    peer = 'first'
    bootstrap.changed()
    peer = 'second'
    bootstrap.changed()
    await vi.advanceTimersByTimeAsync(100)
    expect(traces).toEqual([])
    dial.resolve()
    await dialling
    await vi.advanceTimersByTimeAsync(0)
    const [trace] = traces
    if (trace === undefined) throw new Error('The trace has not ended.')
    expect(trace.root.attributes).toEqual({ relays: 2, outcome: 'direct-peer' })
    expect(spansOf(trace, 'first_direct_peer')[0]?.attributes).toEqual({ found: true, peer: 'first' })
    expect(spansOf(trace, 'relay_dial')[0]?.attributes).toEqual({ relay: 'a' })
    expect(strays(trace)).toEqual([])
    await vi.advanceTimersByTimeAsync(120_000)
    expect(traces).toHaveLength(1)
  })

  test('ends after a minute without a peer, even if a step never ends', async () => {
    const { tracer, traces } = recordTraces()
    const bootstrap = startBootstrap(tracer)
    bootstrap.waitFor(() => undefined)
    void bootstrap.run('reserve', signal, () => new Promise(() => {}))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(traces).toEqual([])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(traces.map(pathsOf)).toEqual([['bootstrap > first_direct_peer', 'bootstrap']])
    expect(traces[0]?.root.attributes).toEqual({ outcome: 'timed-out' })
    expect(traces[0] === undefined ? [] : spansOf(traces[0], 'first_direct_peer')[0]?.attributes).toEqual({
      found: false,
    })
  })

  test('ends with the node', async () => {
    const { tracer, traces } = recordTraces()
    const bootstrap = startBootstrap(tracer)
    bootstrap.stop()
    bootstrap.stop()
    await vi.advanceTimersByTimeAsync(0)
    expect(traces.map(({ root }) => root.attributes)).toEqual([{ outcome: 'stopped' }])
    bootstrap.waitFor(() => 'late')
    expect(traces).toHaveLength(1)
  })

  test('has a failed step, which rejects as it would without a trace', async () => {
    const { tracer, traces } = recordTraces()
    const bootstrap = startBootstrap(tracer)
    const error = new RangeError('refused')
    await expect(bootstrap.run('relay_dial', signal, () => Promise.reject(error))).rejects.toBe(error)
    bootstrap.stop()
    await vi.advanceTimersByTimeAsync(0)
    expect(traces[0]?.spans[0]).toMatchObject({ name: 'relay_dial', failure: 'RangeError' })
    expect(traces[0]?.root.failure).toBeUndefined()
  })

  test('leaves later steps without a span', async () => {
    const { tracer, started } = recordTraces()
    const bootstrap = startBootstrap(tracer)
    bootstrap.stop()
    expect(await bootstrap.run('relay_dial', signal, async (operation) => operation.signal === signal)).toBe(true)
    expect(started).toEqual(['bootstrap'])
  })
})

describe('with real relays and tabs', () => {
  const network = createTestNetwork()
  afterEach(network.stopAll)

  test('each relay has a dial and a reservation, and each peer that was dialled a dial', async () => {
    const relays = [await network.startRelay(), await network.startRelay()]
    const addresses = relays.map((relay) => relay.addressFor(undefined))
    await network.startTab(addresses)
    const { tracer, traces } = recordTraces()
    const bootstrap = startBootstrap(tracer)
    const tab = await network.startTab(addresses, { steps: bootstrap })
    bootstrap.waitFor(() => tab.pool.directPeers()[0]?.toString())
    await until('it has a direct peer', () => {
      bootstrap.changed()
      return traces.length > 0
    })
    const [trace] = traces
    if (trace === undefined) return
    expect(strays(trace)).toEqual([])
    const dialled = spansOf(trace, 'relay_dial').map(({ attributes }) => attributes['relay'])
    expect(new Set(dialled)).toEqual(new Set(relays.map(({ node }) => node.peerId.toString())))
    expect(spansOf(trace, 'reserve').length).toBeGreaterThan(0)
    expect(pathsOf(trace)).toContain('bootstrap > peer_dial')
    expect(trace.spans.map(({ failure }) => failure).filter((failure) => failure !== undefined)).toEqual([])
  })
})
