import { describe, expect, test } from 'vitest'
import { createElection, type Election } from './leader-election.ts'

/** Uses the Web Locks of Node, with separate lock names per test. */
const stand = (profile: string, log: string[], tab: string): Election =>
  createElection({
    locks: navigator.locks,
    leaderLock: `leader-${profile}`,
    takeOverLock: `take-over-${profile}`,
    onElected: (stolen) => log.push(`${tab} ${stolen ? 'took over' : 'leads'}`),
    onDeposed: () => log.push(`${tab} deposed`),
  })

const until = async (log: string[], entry: string): Promise<void> => {
  await expect.poll(() => log.includes(entry), { interval: 5 }).toBe(true)
}

describe('the election', () => {
  test('the first tab leads, and the next in the queue follows it', async () => {
    const log: string[] = []
    const tabs = ['a', 'b', 'c'].map((tab) => stand('row', log, tab))
    await until(log, 'a leads')
    tabs[0]?.stop()
    await until(log, 'b leads')
    tabs[1]?.stop()
    await until(log, 'c leads')
    tabs[2]?.stop()
    expect(log).toEqual(['a leads', 'b leads', 'c leads'])
  })

  test('one of several tabs takes over from a frozen leader, which is deposed and queues again', async () => {
    const log: string[] = []
    const [a, ...others] = ['a', 'b', 'c', 'd'].map((tab) => stand('frozen', log, tab))
    await until(log, 'a leads')
    for (const each of others) each.takeOver(() => true)
    await until(log, 'a deposed')
    expect(log).toEqual(['a leads', 'b took over', 'a deposed'])
    expect(a?.isLeading()).toBe(false)
    log.length = 0
    for (const each of others) each.stop()
    await until(log, 'a leads')
    a?.stop()
  })

  test('a leader that recovers before the takeover keeps the lock', async () => {
    const log: string[] = []
    const [a, b] = ['a', 'b'].map((tab) => stand('alive', log, tab))
    await until(log, 'a leads')
    const asked = Promise.withResolvers<void>()
    b?.takeOver(() => {
      asked.resolve()
      return false
    })
    await asked.promise
    a?.stop()
    await until(log, 'b leads')
    b?.stop()
    expect(log).toEqual(['a leads', 'b leads'])
  })
})
