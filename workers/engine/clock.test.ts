import { afterEach, expect, test, vi } from 'vitest'
import { createClock } from './clock.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const yearMs = 365 * dayMs
const serverTime = Date.UTC(2026, 10, 27, 12)

afterEach(() => void vi.unstubAllGlobals())

const serve = (headers: () => Record<string, string>): void => {
  vi.stubGlobal(
    'fetch',
    vi.fn(async () => new Response(null, { headers: headers() })),
  )
}
const atServer = (ms = 0): Record<string, string> => ({ date: new Date(serverTime + ms).toUTCString() })

const clockAt = (offsetMs: number) => {
  const stopping = new AbortController()
  const onChange = vi.fn()
  const here = { offsetMs }
  const clock = createClock({
    clocks: { wall: () => serverTime + here.offsetMs, monotonic: () => performance.now() },
    origin: 'http://127.0.0.1:1',
    signal: stopping.signal,
  })
  clock.onChange(onChange)
  return { clock, onChange, here, stopping }
}

test.each([3 * hourMs, -3 * hourMs, dayMs, -dayMs, 3 * yearMs, -3 * yearMs])(
  'a clock that is %i ms off is noticed, and by how much',
  async (offsetMs) => {
    serve(() => atServer())
    const { clock, onChange } = clockAt(offsetMs)
    expect(clock.aheadMs()).toBeUndefined()
    await clock.check()
    expect(Math.abs((clock.aheadMs() ?? 0) - offsetMs)).toBeLessThan(60_000)
    expect(onChange).toHaveBeenCalledTimes(1)
    // The later of the two clocks.
    expect(Math.abs(clock.latest() - serverTime - Math.max(0, offsetMs))).toBeLessThan(60_000)
  },
)

test('clocks that differ by minutes agree, and so does a corrected clock', async () => {
  serve(() => atServer())
  const { clock, onChange, here } = clockAt(120_000)
  await clock.check()
  expect(clock.aheadMs()).toBeUndefined()
  expect(onChange).not.toHaveBeenCalled()
  here.offsetMs = dayMs
  await clock.check()
  expect(clock.aheadMs()).toBeGreaterThan(dayMs / 2)
  here.offsetMs = 0
  await clock.check()
  expect(clock.aheadMs()).toBeUndefined()
  expect(onChange).toHaveBeenCalledTimes(2)
})

test.each([
  ['no date', (): Record<string, string> => ({})],
  ['no date that can be read', () => ({ date: 'yesterday' })],
  ['no age that can be read', () => ({ ...atServer(dayMs), age: 'old' })],
])('a server that tells %s says nothing', async (_, headers) => {
  serve(headers)
  const { clock } = clockAt(0)
  await clock.check()
  expect(clock.aheadMs()).toBeUndefined()
  expect(clock.latest()).toBe(clock.now())
})

test('a cached answer counts with its age', async () => {
  serve(() => ({ ...atServer(-dayMs), age: String(dayMs / 1_000) }))
  const { clock } = clockAt(0)
  await clock.check()
  expect(clock.aheadMs()).toBeUndefined()
})

test('an unreachable server leaves the known difference unchanged', async () => {
  serve(() => atServer())
  const { clock } = clockAt(dayMs)
  await clock.check()
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')))
  await clock.check()
  expect(clock.aheadMs()).toBeGreaterThan(dayMs / 2)
})

test('a clock set during the request is compared again', async () => {
  const answered = Promise.withResolvers<void>()
  const { clock, here } = clockAt(0)
  let times = 0
  vi.stubGlobal('fetch', async () => {
    times += 1
    if (times === 1) await answered.promise
    return new Response(null, { headers: atServer() })
  })
  const checking = clock.check()
  here.offsetMs = -dayMs
  // Called during the first comparison, which started before the change.
  void clock.check()
  answered.resolve()
  await checking
  expect(times).toBe(2)
  expect(clock.aheadMs()).toBeLessThan(-dayMs / 2)
})
