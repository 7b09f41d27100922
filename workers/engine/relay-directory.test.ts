import { afterEach, expect, test, vi } from 'vitest'
import { createMemoryStore } from '../store/memory-store.ts'
import { createRelayDirectory, findRelays } from './relay-directory.ts'

const relay = (port: number): string =>
  `/ip4/127.0.0.1/tcp/${port}/ws/p2p/12D3KooWM4UjZbpJQh7mzxEFoeC3sXDJr3aFjkbQh1yTHGrwX564`
const origin = 'http://127.0.0.1:1'

const serve = (answer: () => Response | Promise<Response>) => vi.stubGlobal('fetch', vi.fn(answer))
afterEach(() => void vi.unstubAllGlobals())

test('relays from the address bar take precedence, even malformed ones', async () => {
  serve(() => Response.json({ relays: [relay(1)] }))
  const given = [relay(2), 'nonsense', relay(2)]
  expect(await findRelays(given, createMemoryStore(), origin)).toEqual([relay(2), 'nonsense'])
  expect(fetch).not.toHaveBeenCalled()
})

test('the last list of the server is stored for when it is unreachable', async () => {
  const store = createMemoryStore()
  serve(() => Response.json({ relays: [relay(1), 'nonsense', '/ip4/127.0.0.1/tcp/3/ws', relay(2)] }))
  expect(await findRelays([], store, origin)).toEqual([relay(1), relay(2)])
  serve(() => Promise.reject(new TypeError('offline')))
  expect(await findRelays([], store, origin)).toEqual([relay(1), relay(2)])
})

test.each([
  ['an error page', () => new Response('<html>', { status: 200 })],
  ['another status', () => new Response('', { status: 500 })],
  ['another shape', () => Response.json({ relays: 'all of them' })],
  ['a list of megabytes', () => Response.json({ relays: Array(60).fill(relay(1).padEnd(500, 'x')) })],
])('%s is no list of relays', async (_, answer) => {
  serve(answer)
  expect(await findRelays([], createMemoryStore(), origin)).toEqual([])
})

test('a damaged stored list is ignored', async () => {
  const store = createMemoryStore()
  await store.write([{ table: 'settings', key: 'relays', value: new Uint8Array([1, 2, 3]) }])
  serve(() => Promise.reject(new TypeError('offline')))
  expect(await findRelays([], store, origin)).toEqual([])
})

test('the server is asked for moved relays only while none is connected', async () => {
  vi.useFakeTimers()
  const store = createMemoryStore()
  let named = [relay(1)]
  serve(() => Response.json({ relays: named }))
  const directory = createRelayDirectory({ given: [], store, origin, random: Math.random })
  expect(await directory.first()).toEqual([relay(1)])
  let connected = true
  const moved: string[][] = []
  const watch = directory.watch({ isConnected: () => connected, onRelays: (relays) => moved.push(relays) })
  named = [relay(2)]
  await vi.advanceTimersByTimeAsync(120_000)
  expect(fetch).toHaveBeenCalledTimes(1)
  connected = false
  await vi.advanceTimersByTimeAsync(3_000)
  expect(moved.at(-1)).toEqual([relay(2)])
  expect(await findRelays([], store, origin)).toEqual([relay(2)])
  watch.stop()
  vi.mocked(fetch).mockClear()
  await vi.advanceTimersByTimeAsync(120_000)
  expect(fetch).not.toHaveBeenCalled()
  vi.useRealTimers()
})

test('given relays are never replaced', async () => {
  vi.useFakeTimers()
  serve(() => Response.json({ relays: [relay(1)] }))
  const watch = createRelayDirectory({
    given: [relay(2)],
    store: createMemoryStore(),
    origin,
    random: Math.random,
  }).watch({ isConnected: () => false, onRelays: () => expect.unreachable() })
  watch.check()
  await vi.advanceTimersByTimeAsync(120_000)
  expect(fetch).not.toHaveBeenCalled()
  vi.useRealTimers()
})

test('a check during a request repeats the request afterwards', async () => {
  vi.useFakeTimers()
  const answers: PromiseWithResolvers<Response>[] = []
  serve(() => {
    const answer = Promise.withResolvers<Response>()
    answers.push(answer)
    return answer.promise
  })
  const directory = createRelayDirectory({ given: [], store: createMemoryStore(), origin, random: Math.random })
  await vi.advanceTimersByTimeAsync(0)
  answers[0]?.resolve(Response.json({ relays: [relay(1)] }))
  await directory.first()
  const moved: string[][] = []
  const watch = directory.watch({ isConnected: () => false, onRelays: (relays) => moved.push(relays) })
  watch.check()
  await vi.advanceTimersByTimeAsync(0)
  expect(answers).toHaveLength(2)
  watch.check()
  answers[1]?.reject(new TypeError('offline'))
  await vi.advanceTimersByTimeAsync(0)
  expect(answers).toHaveLength(3)
  answers[2]?.resolve(Response.json({ relays: [relay(2)] }))
  await vi.advanceTimersByTimeAsync(0)
  expect(moved).toEqual([[relay(2)]])
  watch.stop()
  vi.useRealTimers()
})
