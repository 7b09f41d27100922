import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createGossipRateLimits, type GossipRates, gossipRates } from './gossip-rate-limits.ts'

const plenty = { perSecond: 1e9, burst: 1e9 }
const open: GossipRates = {
  frames: plenty,
  bytes: plenty,
  messages: plenty,
  checks: plenty,
  publisherAnnouncements: plenty,
  announcements: plenty,
}

const createClock = () => {
  let time = 0
  return {
    now: () => time,
    pass: (ms: number) => {
      time += ms
    },
  }
}

const announce = (limits: ReturnType<typeof createGossipRateLimits>, publisher: string, peer = 'peer'): boolean => {
  const isAdmitted = limits.admitAnnouncement(publisher)
  if (isAdmitted) limits.record({ peer, publisher, checks: 3, isNew: true })
  return isAdmitted
}

test('admits a burst, then the rate', () => {
  const clock = createClock()
  const limits = createGossipRateLimits(clock.now, { ...open, messages: { perSecond: 10, burst: 5 } })
  const admitted = (): number =>
    Array.from({ length: 20 }, () => limits.admitMessage('peer')).filter((verdict) => verdict === 'take').length
  expect(admitted()).toBe(5)
  clock.pass(300)
  expect(admitted()).toBe(3)
  clock.pass(60_000)
  expect(admitted()).toBe(5)
})

test('a flood from one peer does not affect another', () => {
  const limits = createGossipRateLimits(createClock().now)
  const verdicts = Array.from({ length: 10_000 }, () => limits.admitMessage('flooder'))
  expect(verdicts.filter((verdict) => verdict === 'take')).toHaveLength(gossipRates.checks.burst)
  expect(verdicts.at(-1)).toBe('flood')
  expect(limits.admitMessage('honest')).toBe('take')
})

test('a peer whose messages cost many checks gets fewer of them, without penalty', () => {
  const limits = createGossipRateLimits(createClock().now)
  const verdicts = Array.from({ length: 100 }, () => {
    const verdict = limits.admitMessage('peer')
    if (verdict === 'take') limits.record({ peer: 'peer', publisher: 'p', checks: 194, isNew: false })
    return verdict
  })
  expect(verdicts.filter((verdict) => verdict === 'take')).toHaveLength(6)
  expect(verdicts).not.toContain('flood')
})

test('a publisher over its rate is dropped for a while; others are not', () => {
  const clock = createClock()
  const limits = createGossipRateLimits(clock.now, { ...open, publisherAnnouncements: { perSecond: 1, burst: 3 } })
  expect([1, 2, 3, 4].map(() => announce(limits, 'loud'))).toEqual([true, true, true, false])
  expect(announce(limits, 'quiet')).toBe(true)
  clock.pass(1_000)
  expect([1, 2].map(() => announce(limits, 'loud'))).toEqual([true, false])
})

test('known and unverified announcements do not count against their publisher', () => {
  const limits = createGossipRateLimits(createClock().now, {
    ...open,
    publisherAnnouncements: { perSecond: 1, burst: 1 },
  })
  for (let n = 0; n < 10_000; n += 1) {
    limits.admitAnnouncement('victim')
    limits.record({ peer: 'flooder', publisher: 'victim', checks: 1, isNew: false })
    limits.admitAnnouncement(`made up ${n}`)
  }
  expect(announce(limits, 'victim')).toBe(true)
})

test('bounds the announcements of ever new publishers', () => {
  const limits = createGossipRateLimits(createClock().now)
  const admitted = Array.from({ length: 5_000 }, (_, n) => announce(limits, `publisher ${n}`, `peer ${n}`))
  expect(admitted.filter(Boolean)).toHaveLength(gossipRates.announcements.burst)
})

test('a peer that forwards only what these limits admit never counts as a flood', () => {
  const step = fc.tuple(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 100 }))
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 100 }), (steps) => {
      const clock = createClock()
      const forwarder = createGossipRateLimits(clock.now)
      const receiver = createGossipRateLimits(clock.now)
      const verdicts = new Set<string>()
      let sent = 0
      for (const [passMs, count] of steps) {
        clock.pass(passMs)
        for (let n = 0; n < count; n += 1) {
          sent += 1
          // From as many publishers and peers as it takes to reach the overall limit.
          if (announce(forwarder, `publisher ${sent}`, `peer ${sent}`)) verdicts.add(receiver.admitMessage('forwarder'))
        }
      }
      expect(verdicts).not.toContain('flood')
    }),
    { numRuns: 20, seed: 7 },
  )
})

test('rejects frames and bytes beyond the largest honest burst', () => {
  const clock = createClock()
  const limits = createGossipRateLimits(clock.now)
  const frames = Array.from({ length: 3_000 }, () => limits.admitFrame('small', 0)).filter(Boolean)
  expect(frames).toHaveLength(gossipRates.frames.burst)
  const mebibyte = 1024 * 1024
  expect(Array.from({ length: 20 }, () => limits.admitFrame('large', mebibyte)).filter(Boolean)).toHaveLength(8)
  expect(limits.admitFrame('other', mebibyte)).toBe(true)
})

test('a debt is at most the burst and decreases with time', () => {
  const clock = createClock()
  const limits = createGossipRateLimits(clock.now)
  for (let n = 0; n < 1_000; n += 1) limits.record({ peer: 'peer', publisher: 'p', checks: 194, isNew: false })
  expect(limits.admitMessage('peer')).toBe('drop')
  clock.pass(1_000 * (1 + gossipRates.checks.burst / gossipRates.checks.perSecond))
  expect(limits.admitMessage('peer')).toBe('take')
})

test('checks of unverified publishers change no other answer and are not recorded', () => {
  const names = ['alice', 'bob', 'carol']
  const step = fc.record({
    passMs: fc.nat(700),
    /** Checks of made-up names before the step: pause (ms) and count. */
    asked: fc.array(fc.tuple(fc.nat(700), fc.integer({ min: 0, max: 6_000 })), { maxLength: 3 }),
    publisher: fc.constantFrom(...names),
    isNew: fc.boolean(),
  })
  // Rates whose refill is not a round number.
  const rates = {
    ...open,
    checks: { perSecond: 0.7, burst: 4 },
    publisherAnnouncements: { perSecond: 0.3, burst: 2 },
    announcements: { perSecond: 1 / 3, burst: 5 },
  }
  let made = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const clock = createClock()
      const [asked, quiet] = [createGossipRateLimits(clock.now, rates), createGossipRateLimits(clock.now, rates)]
      for (const { passMs, asked: questions, publisher, isNew } of steps) {
        for (const [pauseMs, count] of questions) {
          clock.pass(pauseMs)
          for (const name of names) asked.admitAnnouncement(name)
          // Now and then more than the limits can store.
          const many = count > 5_900 ? count : count % 50
          for (let n = 0; n < many; n += 1) asked.admitAnnouncement(`made up ${made++}`)
        }
        clock.pass(passMs)
        const answers = [asked, quiet].map((limits) => {
          const admitted = names.map((name) => limits.admitAnnouncement(name))
          const message = limits.admitMessage('peer')
          limits.record({ peer: 'peer', publisher, checks: 1, isNew })
          return { admitted, message, remembered: limits.remembered() }
        })
        expect(answers[0]).toEqual(answers[1])
      }
    }),
    { seed: 6, numRuns: 200 },
  )
})

test('remembers a bounded number of peers and publishers', () => {
  const clock = createClock()
  const limits = createGossipRateLimits(clock.now, open)
  for (let n = 0; n < 10_000; n += 1) {
    limits.admitFrame(`peer ${n}`, 1)
    limits.admitMessage(`peer ${n}`)
    limits.record({ peer: `peer ${n}`, publisher: `publisher ${n}`, checks: 1, isNew: true })
  }
  expect(limits.remembered()).toEqual({ peers: 4_096, publishers: 4_096 })
})
