import { expect, test } from 'vitest'
import type { StatusView } from '../../workers/contract/views.ts'
import { networkLine, stepLines } from '../store/selectors.ts'
import { initialState } from '../store/state.ts'
import { withoutEngine } from './without-engine.ts'

test('while an engine is started again nothing is said to be connected, and what is stored is as it was', () => {
  const ok = { state: 'ok', since: 1 } as const
  const before: StatusView = {
    peerId: 'p',
    publisherId: 'q',
    publisherName: 'me',
    profile: 'default',
    online: true,
    connections: 3,
    directConnections: 2,
    catalogueSize: 7,
    catalogueComplete: true,
    searchablePeers: 2,
    persistent: true,
    relays: [{ address: '/ip4/127.0.0.1', connected: true, reserved: true }],
    channelPath: 'transfer',
    steps: { relay: ok, reservation: ok, direct: ok, topic: ok, catalogue: ok, storage: ok },
  }
  const status = withoutEngine(before, 5)
  const engine = { phase: 'ready' } as const
  expect(networkLine({ ...initialState('system'), engine, status }).tone).toBe('working')
  expect(status).toMatchObject({ connections: 0, directConnections: 0, catalogueSize: 7, persistent: true })
  expect(status.relays).toMatchObject([{ connected: false, reserved: false }])
  expect(
    stepLines(status)
      .filter(({ state }) => state === 'ok')
      .map(({ key }) => key),
  ).toEqual(['catalogue', 'storage'])
})
