import { describe, expect, test } from 'vitest'
import { createLeaderMonitor, tickMs } from './leader-monitor.ts'

const running = { up: true, pageSilentMs: 0 }

/** Ticks from `from` until frozen or `to`; returns the time of the frozen verdict. */
const silentFrom = (
  monitor: ReturnType<typeof createLeaderMonitor>,
  from: number,
  to: number,
  each: (at: number) => void = () => {},
  step = tickMs,
): number | undefined => {
  for (let at = from; at <= to; at += step) {
    if (monitor.tick(at) === 'frozen') return at - from
    each(at)
  }
  return undefined
}

describe('the leader monitor', () => {
  test('a leader that sends heartbeats is never frozen', () => {
    const monitor = createLeaderMonitor(0)
    expect(silentFrom(monitor, 0, 60_000, (at) => at % 400 === 0 && monitor.heardBeat(at, running))).toBeUndefined()
  })

  test('a silent running leader is frozen early enough for a 2 s handover', () => {
    const monitor = createLeaderMonitor(0)
    monitor.heardBeat(0, running)
    expect(silentFrom(monitor, 0, 60_000)).toBeLessThanOrEqual(1_400)
  })

  test('probes a leader before reporting it as frozen, and accepts an answer', () => {
    const monitor = createLeaderMonitor(0)
    monitor.heardBeat(0, running)
    const judgements: string[] = []
    for (let at = 0; at < 9_000; at += tickMs) {
      const judgement = monitor.tick(at)
      judgements.push(judgement)
      if (judgement === 'probe') monitor.heardPage(at)
    }
    expect(judgements).toContain('probe')
    expect(judgements).not.toContain('frozen')
  })

  test('a worker that is silent for too long is frozen although its page answers', () => {
    const monitor = createLeaderMonitor(0)
    monitor.heardBeat(0, running)
    expect(silentFrom(monitor, 0, 60_000, (at) => monitor.heardPage(at))).toBe(10_000)
  })

  test('a hanging page is frozen although its worker answers', () => {
    const monitor = createLeaderMonitor(0)
    const beat = (at: number): void => monitor.heardBeat(at, { up: true, pageSilentMs: at })
    expect(silentFrom(monitor, 0, 60_000, beat)).toBeGreaterThanOrEqual(10_000)
  })

  test('timeouts are longer for a starting leader and after a takeover', () => {
    const starting = createLeaderMonitor(0)
    starting.heardBeat(0, { up: false, pageSilentMs: 0 })
    expect(silentFrom(starting, 0, 60_000)).toBe(5_000)
    const calm = createLeaderMonitor(0)
    calm.reset(0, true)
    calm.heardBeat(0, running)
    expect(silentFrom(calm, 0, 60_000)).toBe(5_000)
  })

  test('ignores its own sleep; a throttled page uses its own time', () => {
    const monitor = createLeaderMonitor(0)
    monitor.heardBeat(0, running)
    monitor.tick(tickMs)
    expect(monitor.tick(3_600_000)).toBe('probe')
    monitor.heardBeat(3_600_050, running)
    expect(monitor.tick(3_600_200)).toBe('fine')
    const slowed = createLeaderMonitor(0)
    slowed.heardBeat(0, running)
    expect(silentFrom(slowed, 60_000, 600_000, () => {}, 60_000)).toBe(120_000)
  })
})
