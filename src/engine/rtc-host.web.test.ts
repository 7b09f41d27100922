import { transfer } from 'comlink'
import { afterEach, expect, test } from 'vitest'
import { connect, startPeer, type TestPeer } from '../../workers/testing/rtc-pair.ts'

const peers: TestPeer[] = []
afterEach(() => {
  for (const peer of peers.splice(0)) peer.stop()
})

const start = async (...args: Parameters<typeof startPeer>) => {
  const peer = await startPeer(...args)
  peers.push(peer)
  return peer
}

test('counts connections, holds them while open and releases them when closed', async () => {
  const a = await start('transfer')
  const b = await start('transfer')
  await connect(a, b)
  await connect(a, b)
  expect(a.host.connectionsMade()).toBe(2)
  expect(a.host.openConnections()).toBe(2)
  await a.peer.closeConnection()
  await expect.poll(() => a.host.openConnections()).toBe(1)
  await b.peer.until('connection failed')
  await expect.poll(() => b.host.openConnections()).toBe(1)
  expect(a.host.connectionsMade()).toBe(2)
  expect(await a.peer.counts()).toMatchObject({ made: 2, limit: 450 })
})

test('refuses a connection over the limit with TooManyConnections, and keeps the others', async () => {
  const a = await start('transfer', { maxConnections: 1 })
  const b = await start('transfer')
  await connect(a, b)
  const refusal = await a.peer.refusal()
  expect(refusal).toMatchObject({ name: 'TooManyConnections', state: 'closed' })
  expect(refusal?.message).toContain('1 WebRTC connections')
  expect(a.host.connectionsMade()).toBe(1)
  expect(await a.peer.exchangeAll(5, 3, 1)).toMatchObject({ completed: 5, disorder: [] })
})

test('closed connections do not exhaust the limit of the browser', { timeout: 120_000 }, async () => {
  const a = await start('transfer')
  // Chrome refuses the 500th uncollected connection, and collects none without memory pressure.
  for (let made = 0; made < 700; made += 1) {
    // Occasionally refused at this rate, which exceeds that of any engine, and possible again shortly after.
    await expect.poll(() => a.peer.refusal(), { interval: 5 }).toBeUndefined()
  }
  expect(a.host.connectionsMade()).toBe(700)
  expect(a.host.uncollectedConnections()).toBeLessThan(450)
  expect(a.host.openConnections()).toBe(0)
})

test('closing a host ends the connections of both workers and its own shim', async () => {
  const a = await start('transfer')
  const b = await start('message')
  await connect(a, b)
  await a.peer.open('one')
  await a.peer.until('one open')
  await b.peer.until('one open')
  a.host.close()
  for (const { peer } of [a, b]) {
    await peer.until('connection failed')
    await peer.until('one close')
    expect((await peer.happened()).filter((what) => what === 'one close')).toHaveLength(1)
  }
  await b.peer.until('one error')
  await expect.poll(() => a.peer.hasGlobal()).toBe(false)
  expect(a.host.openConnections()).toBe(0)
})

test.each(['terminate', 'end'] as const)('a worker that ends (%s) closes its connections', async (how) => {
  const a = await start('transfer')
  const b = await start('transfer')
  await connect(a, b)
  if (how === 'terminate') a.worker.terminate()
  else await a.peer.end()
  await expect.poll(() => a.host.openConnections()).toBe(0)
  await b.peer.until('connection failed')
})

test('leaving a page closes its connections, and the page works when restored', async () => {
  const a = await start('transfer')
  const b = await start('transfer')
  await connect(a, b)
  await b.peer.open('one')
  await b.peer.until('one open')
  window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
  await a.peer.until('connection failed')
  await b.peer.until('connection failed')
  await b.peer.until('one close')
  await connect(a, b)
  expect(await a.peer.exchangeAll(5, 3, 1)).toMatchObject({ completed: 5, disorder: [] })
})

test('notices when the frame of the peer is removed', async () => {
  const a = await start('transfer')
  const frame = document.createElement('iframe')
  document.body.append(frame)
  const Connection = (frame.contentWindow as (Window & typeof globalThis) | null)?.RTCPeerConnection
  if (Connection === undefined) throw new Error('The frame has no WebRTC.')
  const remote = new Connection()
  const { port1, port2 } = new MessageChannel()
  remote.onicecandidate = ({ candidate }) => {
    if (candidate !== null) port1.postMessage({ candidate: candidate.toJSON() })
  }
  port1.onmessage = async ({ data }) => {
    if (data.candidate !== undefined) return remote.addIceCandidate(data.candidate)
    await remote.setRemoteDescription(data.description)
    await remote.setLocalDescription()
    return port1.postMessage({ description: remote.localDescription?.toJSON() })
  }
  await connectTo(a, port2)
  frame.remove()
  await a.peer.until('connection failed')
  await expect.poll(() => a.host.openConnections()).toBe(0)
})

test('passes messages of channels that cannot be transferred', async () => {
  const transferred = MessagePort.prototype.postMessage
  // Browsers without transferable channels reject the whole message.
  MessagePort.prototype.postMessage = function (this: MessagePort, message: unknown, transfer: unknown) {
    if (Array.isArray(transfer) && transfer.some((one) => one instanceof RTCDataChannel))
      throw new DOMException('A RTCDataChannel could not be cloned.', 'DataCloneError')
    return Reflect.apply(transferred, this, [message, transfer])
  }
  try {
    const a = await start('transfer')
    const b = await start('transfer')
    expect(await a.peer.channelPath()).toBe('transfer')
    await connect(a, b)
    expect(await a.peer.exchangeAll(50, 5, 8)).toEqual({ completed: 50, closed: 50, disorder: [] })
    expect(await b.peer.answered()).toMatchObject({ messages: 250, disorder: [], thrown: [] })
    expect(await a.peer.channelPath()).toBe('message')
    expect(await b.peer.channelPath()).toBe('message')
  } finally {
    MessagePort.prototype.postMessage = transferred
  }
})

const connectTo = (a: TestPeer, signals: MessagePort) => a.peer.connect(transfer(signals, [signals]), true)
