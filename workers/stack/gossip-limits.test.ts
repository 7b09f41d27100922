import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createGossipLimits, type GossipRates, gossipRates } from './gossip-limits.ts'

const plenty = { perSecond: 1e9, burst: 1e9 }
const open: GossipRates = {
  frames: plenty,
  bytes: plenty,
  messages: plenty,
  checks: plenty,
  publisherNews: plenty,
  news: plenty,
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

const tell = (limits: ReturnType<typeof createGossipLimits>, publisher: string, peer = 'peer'): boolean => {
  const isAdmitted = limits.admitNews(publisher)
  if (isAdmitted) limits.settle({ peer, publisher, checks: 3, isNew: true })
  return isAdmitted
}

test('a burst passes, then as many as the rate', () => {
  const clock = createClock()
  const limits = createGossipLimits(clock.now, { ...open, messages: { perSecond: 10, burst: 5 } })
  const admitted = (): number =>
    Array.from({ length: 20 }, () => limits.admitMessage('peer')).filter((verdict) => verdict === 'take').length
  expect(admitted()).toBe(5)
  clock.pass(300)
  expect(admitted()).toBe(3)
  clock.pass(60_000)
  expect(admitted()).toBe(5)
})

test('a flood of one peer takes nothing from another', () => {
  const limits = createGossipLimits(createClock().now)
  const verdicts = Array.from({ length: 10_000 }, () => limits.admitMessage('flooder'))
  expect(verdicts.filter((verdict) => verdict === 'take')).toHaveLength(gossipRates.checks.burst)
  expect(verdicts.at(-1)).toBe('flood')
  expect(limits.admitMessage('honest')).toBe('take')
})

test('a peer whose messages cost many checks is given less time, and is not blamed', () => {
  const limits = createGossipLimits(createClock().now)
  const verdicts = Array.from({ length: 100 }, () => {
    const verdict = limits.admitMessage('peer')
    if (verdict === 'take') limits.settle({ peer: 'peer', publisher: 'p', checks: 194, isNew: false })
    return verdict
  })
  expect(verdicts.filter((verdict) => verdict === 'take')).toHaveLength(6)
  expect(verdicts).not.toContain('flood')
})

test('a publisher that has told much is not heard for a while; others are', () => {
  const clock = createClock()
  const limits = createGossipLimits(clock.now, { ...open, publisherNews: { perSecond: 1, burst: 3 } })
  expect([1, 2, 3, 4].map(() => tell(limits, 'loud'))).toEqual([true, true, true, false])
  expect(tell(limits, 'quiet')).toBe(true)
  clock.pass(1_000)
  expect([1, 2].map(() => tell(limits, 'loud'))).toEqual([true, false])
})

test('what is no news, or not verified, uses up nothing of a publisher', () => {
  const limits = createGossipLimits(createClock().now, { ...open, publisherNews: { perSecond: 1, burst: 1 } })
  for (let n = 0; n < 10_000; n += 1) {
    limits.admitNews('victim')
    limits.settle({ peer: 'flooder', publisher: 'victim', checks: 1, isNew: false })
    limits.admitNews(`made up ${n}`)
  }
  expect(tell(limits, 'victim')).toBe(true)
})

test('news of ever new publishers are bounded too', () => {
  const limits = createGossipLimits(createClock().now)
  const told = Array.from({ length: 5_000 }, (_, n) => tell(limits, `publisher ${n}`, `peer ${n}`))
  expect(told.filter(Boolean)).toHaveLength(gossipRates.news.burst)
})

test('who passes on no more than these limits let in is never taken for a flood', () => {
  const step = fc.tuple(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 100 }))
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 100 }), (steps) => {
      const clock = createClock()
      const forwarder = createGossipLimits(clock.now)
      const receiver = createGossipLimits(clock.now)
      const verdicts = new Set<string>()
      let told = 0
      for (const [passMs, count] of steps) {
        clock.pass(passMs)
        for (let n = 0; n < count; n += 1) {
          told += 1
          // Of as many publishers and peers as it takes to fill its measure.
          if (tell(forwarder, `publisher ${told}`, `peer ${told}`)) verdicts.add(receiver.admitMessage('forwarder'))
        }
      }
      expect(verdicts).not.toContain('flood')
    }),
    { numRuns: 20, seed: 7 },
  )
})

test('frames and bytes beyond those of the largest honest burst are not admitted', () => {
  const clock = createClock()
  const limits = createGossipLimits(clock.now)
  const frames = Array.from({ length: 3_000 }, () => limits.admitFrame('small', 0)).filter(Boolean)
  expect(frames).toHaveLength(gossipRates.frames.burst)
  const mebibyte = 1024 * 1024
  expect(Array.from({ length: 20 }, () => limits.admitFrame('large', mebibyte)).filter(Boolean)).toHaveLength(8)
  expect(limits.admitFrame('other', mebibyte)).toBe(true)
})

test('a debt is paid by time, and no larger than the burst', () => {
  const clock = createClock()
  const limits = createGossipLimits(clock.now)
  for (let n = 0; n < 1_000; n += 1) limits.settle({ peer: 'peer', publisher: 'p', checks: 194, isNew: false })
  expect(limits.admitMessage('peer')).toBe('drop')
  clock.pass(1_000 * (1 + gossipRates.checks.burst / gossipRates.checks.perSecond))
  expect(limits.admitMessage('peer')).toBe('take')
})

test('questions about names that nobody verified change no answer about any other, and are not remembered', () => {
  const names = ['alice', 'bob', 'carol']
  const step = fc.record({
    passMs: fc.nat(700),
    /** How often, and about how many made-up names, is asked before. */
    asked: fc.array(fc.tuple(fc.nat(700), fc.integer({ min: 0, max: 6_000 })), { maxLength: 3 }),
    publisher: fc.constantFrom(...names),
    isNew: fc.boolean(),
  })
  // Rates whose refill is not a round number.
  const rates = {
    ...open,
    checks: { perSecond: 0.7, burst: 4 },
    publisherNews: { perSecond: 0.3, burst: 2 },
    news: { perSecond: 1 / 3, burst: 5 },
  }
  let made = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const clock = createClock()
      const [asked, quiet] = [createGossipLimits(clock.now, rates), createGossipLimits(clock.now, rates)]
      for (const { passMs, asked: questions, publisher, isNew } of steps) {
        for (const [pauseMs, count] of questions) {
          clock.pass(pauseMs)
          for (const name of names) asked.admitNews(name)
          // Past all that can be remembered, now and then.
          const many = count > 5_900 ? count : count % 50
          for (let n = 0; n < many; n += 1) asked.admitNews(`made up ${made++}`)
        }
        clock.pass(passMs)
        const answers = [asked, quiet].map((limits) => {
          const admitted = names.map((name) => limits.admitNews(name))
          const message = limits.admitMessage('peer')
          limits.settle({ peer: 'peer', publisher, checks: 1, isNew })
          return { admitted, message, remembered: limits.remembered() }
        })
        expect(answers[0]).toEqual(answers[1])
      }
    }),
    { seed: 6, numRuns: 200 },
  )
})

test('however many peers and publishers there were, a bounded number is remembered', () => {
  const clock = createClock()
  const limits = createGossipLimits(clock.now, open)
  for (let n = 0; n < 10_000; n += 1) {
    limits.admitFrame(`peer ${n}`, 1)
    limits.admitMessage(`peer ${n}`)
    limits.settle({ peer: `peer ${n}`, publisher: `publisher ${n}`, checks: 1, isNew: true })
  }
  expect(limits.remembered()).toEqual({ peers: 4_096, publishers: 4_096 })
})
