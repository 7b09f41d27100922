import { describe, expect, test } from 'vitest'
import { createLeaderMonitor, tickMs } from './leader-monitor.ts'

const running = { up: true, pageSilentMs: 0 }

/** Ticks from `from` until frozen or `to`; returns when it was called frozen. */
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
  test('a leader that beats is fine for ever', () => {
    const monitor = createLeaderMonitor(0)
    expect(silentFrom(monitor, 0, 60_000, (at) => at % 400 === 0 && monitor.heardBeat(at, running))).toBeUndefined()
  })

  test('a running leader that falls silent is frozen early enough to start another within 2 s', () => {
    const monitor = createLeaderMonitor(0)
    monitor.heardBeat(0, running)
    expect(silentFrom(monitor, 0, 60_000)).toBeLessThanOrEqual(1_400)
  })

  test('it is asked before it is called frozen, and an answer saves it', () => {
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

  test('a worker that is silent longer than any work takes is replaced although its page answers', () => {
    const monitor = createLeaderMonitor(0)
    monitor.heardBeat(0, running)
    expect(silentFrom(monitor, 0, 60_000, (at) => monitor.heardPage(at))).toBe(10_000)
  })

  test('so is a page that hangs while its worker lives', () => {
    const monitor = createLeaderMonitor(0)
    const beat = (at: number): void => monitor.heardBeat(at, { up: true, pageSilentMs: at })
    expect(silentFrom(monitor, 0, 60_000, beat)).toBeGreaterThanOrEqual(10_000)
  })

  test('one that starts is given longer, and so is everyone after a take-over', () => {
    const starting = createLeaderMonitor(0)
    starting.heardBeat(0, { up: false, pageSilentMs: 0 })
    expect(silentFrom(starting, 0, 60_000)).toBe(5_000)
    const calm = createLeaderMonitor(0)
    calm.reset(0, true)
    calm.heardBeat(0, running)
    expect(silentFrom(calm, 0, 60_000)).toBe(5_000)
  })

  test('the own sleep is not held against the leader; a slowed page judges in time of its own', () => {
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
