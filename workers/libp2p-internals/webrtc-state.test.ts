import type { Transport, Upgrader } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { onlyConnected, rtcStateOf } from './webrtc-state.ts'

const address = multiaddr('/ip4/127.0.0.1/tcp/1/ws')
const over = (connectionState: string) => ({ peerConnection: { connectionState } }) as never

/** A transport that passes its connection to the upgrader in any state, as `@libp2p/webrtc` does. */
const compose = (state: string) => {
  const upgraded: string[] = []
  const upgrader = {
    async upgradeInbound() {
      upgraded.push('inbound')
    },
    async upgradeOutbound() {
      upgraded.push('outbound')
      return {}
    },
    getConnectionEncrypters: () => new Map([['/noise', this]]),
  } as unknown as Upgrader
  let given: { upgrader: Upgrader } | undefined
  const transport = onlyConnected(
    (components) => {
      given = components
      return {
        dial: (_address: unknown, options: { upgrader: Upgrader }) =>
          options.upgrader.upgradeOutbound(over(state), {} as never),
      } as unknown as Transport
    },
    { upgrader },
  )
  return {
    upgraded,
    dial: () => transport.dial(address, { upgrader, signal: new AbortController().signal }),
    accept: () => given?.upgrader.upgradeInbound(over(state), {} as never),
    encrypters: () => given?.upgrader.getConnectionEncrypters(),
  }
}

describe('the WebRTC transport', () => {
  it.each(['new', 'connecting', 'disconnected', 'failed', 'closed'])(
    'upgrades no inbound or outbound peer connection in state %s',
    async (state) => {
      const { dial, accept, upgraded } = compose(state)
      await expect(dial()).rejects.toThrow(state)
      await expect(accept()).rejects.toThrow(state)
      expect(upgraded).toEqual([])
    },
  )

  it('upgrades a connected peer connection and passes everything else through', async () => {
    const { dial, accept, upgraded, encrypters } = compose('connected')
    await dial()
    await accept()
    expect(upgraded).toEqual(['outbound', 'inbound'])
    expect(encrypters()?.size).toBe(1)
  })
})

it('reads the state of a WebRTC connection and none of a WebSocket', () => {
  const connection = (maConn: object) => ({ maConn }) as never
  expect(rtcStateOf(connection(over('connected')))).toBe('connected')
  expect(rtcStateOf(connection({ socket: {} }))).toBeUndefined()
})
