import { afterEach, describe, expect, test } from 'vitest'
import { connect, startPeer, type TestPeer } from '../testing/rtc-pair.ts'

const peers: TestPeer[] = []
afterEach(() => {
  for (const peer of peers.splice(0)) peer.stop()
})

const pair = async (path: 'transfer' | 'message') => {
  const a = await startPeer(path)
  const b = await startPeer(path)
  peers.push(a, b)
  await connect(a, b)
  return { a, b }
}

const MEBIBYTE = 1024 * 1024

describe.each(['transfer', 'message'] as const)('data channels by %s', (path) => {
  test('1,200 openings from both sides lose and reorder nothing', { timeout: 120_000 }, async () => {
    const { a, b } = await pair(path)
    const [fromA, fromB] = await Promise.all([a.peer.exchangeAll(600, 5, 8), b.peer.exchangeAll(600, 5, 8)])
    expect(fromA).toEqual({ completed: 600, closed: 600, disorder: [] })
    expect(fromB).toEqual({ completed: 600, closed: 600, disorder: [] })
    for (const { peer } of [a, b]) {
      await expect.poll(async () => (await peer.answered()).closed).toBe(600)
      expect(await peer.answered()).toEqual({ channels: 600, messages: 3000, closed: 600, disorder: [], thrown: [] })
      expect(await peer.channelPath()).toBe(path)
    }
  })

  test('the close of a channel arrives at the other side after its last message', async () => {
    const { a, b } = await pair(path)
    await a.peer.open('one')
    await a.peer.until('one open')
    await a.peer.send('one', 'last words')
    await a.peer.closeChannel('one')
    await a.peer.until('one close')
    await b.peer.until('one close')
    const events = (await b.peer.happened()).filter((what) => what.startsWith('one'))
    expect(events.filter((what) => !what.endsWith('closing'))).toEqual(['one open', 'one got last words', 'one close'])
    expect(await b.peer.channelState('one')).toBe('closed')
    await expect(b.peer.send('one', 'too late')).rejects.toMatchObject({ name: 'InvalidStateError' })

    await a.peer.open('two')
    await a.peer.until('two open')
    await b.peer.until('two open')
    await b.peer.closeChannel('two')
    await b.peer.until('two close')
    await a.peer.until('two close')
    expect((await a.peer.happened()).filter((what) => what === 'two close')).toHaveLength(1)
  })

  test('data sent right before a channel is closed arrives', async () => {
    const { a, b } = await pair(path)
    await a.peer.blurtAll(200, 3)
    await expect.poll(async () => (await b.peer.answered()).closed).toBe(200)
    expect(await b.peer.answered()).toEqual({ channels: 200, messages: 600, closed: 200, disorder: [], thrown: [] })
  })

  test('a channel that is closed before it is open ends with one event and never opens', async () => {
    const { a } = await pair(path)
    await a.peer.openAndClose('short')
    await a.peer.until('short close')
    const events = (await a.peer.happened()).filter((what) => what.startsWith('short'))
    expect(events.filter((what) => what === 'short close')).toHaveLength(1)
    expect(events).not.toContain('short open')
  })

  test('sending before the channel is open throws a named error', async () => {
    const { a } = await pair(path)
    await expect(a.peer.openAndSend('eager')).rejects.toMatchObject({ name: 'InvalidStateError' })
  })

  test('a connection closed by the peer ends at once, with its channels', async () => {
    const { a, b } = await pair(path)
    await a.peer.open('mine')
    await a.peer.until('mine open')
    await b.peer.until('mine open')
    await b.peer.open('theirs')
    await b.peer.until('theirs open')
    await a.peer.until('theirs open')
    await a.peer.send('mine', 'before the end')
    await b.peer.until('mine got before the end')
    await b.peer.closeConnection()
    await a.peer.until('connection failed')
    await a.peer.until('connection released')
    // Earlier than the limit of five seconds without an answer.
    expect(await a.peer.happened()).not.toContain('connection disconnected')
    for (const label of ['mine', 'theirs']) {
      await a.peer.until(`${label} error`)
      await a.peer.until(`${label} close`)
      await b.peer.until(`${label} close`)
      expect((await a.peer.happened()).filter((what) => what === `${label} close`)).toHaveLength(1)
    }
    // The closing side gets neither a state event nor an error.
    const atB = await b.peer.happened()
    expect(atB).not.toContain('connection failed')
    expect(atB).not.toContain('mine error')
    expect(await a.peer.openConnections()).toBe(0)
    expect(await b.peer.openConnections()).toBe(0)
    await expect.poll(() => a.host.openConnections() + b.host.openConnections()).toBe(0)
  })

  test('32 MiB arrive completely and in order with a bounded buffer', async () => {
    const { a } = await pair(path)
    const flood = await a.peer.flood(32 * MEBIBYTE, 16_384, 2 * MEBIBYTE)
    expect(flood).toMatchObject({ bytes: 32 * MEBIBYTE, sent: 32 * MEBIBYTE, inOrder: true, left: 0 })
    expect(flood.most).toBe(2 * MEBIBYTE)
  })

  test('sent data is not counted, also if it crosses no threshold', async () => {
    const { a } = await pair(path)
    expect(await a.peer.trickle(20, 1024, MEBIBYTE)).toBeLessThanOrEqual(1024)
  })

  test('a full buffer throws a named error, and all accepted data arrives', async () => {
    const { a, b } = await pair(path)
    await a.peer.open('full')
    await a.peer.until('full open')
    await b.peer.until('full open')
    const { sent, error, bufferedAmount } = await a.peer.overfill('full')
    expect(error).toBe('OperationError')
    expect(sent).toBeGreaterThanOrEqual(16 * MEBIBYTE - 65_536)
    expect(bufferedAmount).toBeLessThanOrEqual(16 * MEBIBYTE)
    await a.peer.until('full bufferedamountlow')
    await a.peer.send('full', 'still here')
    await b.peer.until('full got still here')
  })
})

test('two sides on different paths understand each other', async () => {
  const a = await startPeer('transfer')
  const b = await startPeer('message')
  peers.push(a, b)
  await connect(a, b)
  expect(await a.peer.exchangeAll(100, 5, 8)).toEqual({ completed: 100, closed: 100, disorder: [] })
  expect(await b.peer.exchangeAll(100, 5, 8)).toEqual({ completed: 100, closed: 100, disorder: [] })
})

test('the globals exist only while the shim is installed', async () => {
  const a = await startPeer('transfer')
  peers.push(a)
  expect(await a.peer.hasGlobal()).toBe(true)
  await a.peer.closeShim()
  expect(await a.peer.hasGlobal()).toBe(false)
})
