import type { EndedTrace } from './span-recorder.ts'

/**
 * Decides, once a trace has ended, whether it is kept. Frequent operations (a search on every key, an announcement) are
 * alike, so a sample of each name is enough; failed and slow traces are why people look, and exported ones were promised
 * to the collector, so these have a limit of their own that the frequent ones cannot use up.
 */
export type TailSampler = (trace: EndedTrace) => boolean

export interface Rate {
  readonly perSecond: number
  /** At once. */
  readonly burst: number
}

/** Creates a limit, which tells of each trace whether it is within the rate. */
export type LimitRate = (rate: Rate) => () => boolean

/** Of one name. */
const ordinary: Rate = { perSecond: 20, burst: 100 }

/** Of all names together. */
const preferred: Rate = { perSecond: 50, burst: 200 }

/** Duration (ms) from which a trace is slow: a person has noticed. */
export const slowTraceMs = 500

/** Names come from this program; the bound is for a mistake in it. */
const maxNames = 100
const otherNames = 'other'

export const createTailSampler = (limitRate: LimitRate): TailSampler => {
  const limitByName = new Map<string, () => boolean>()
  const isWithinPreferred = limitRate(preferred)

  const limitOf = (name: string): (() => boolean) => {
    const known = limitByName.get(name)
    if (known !== undefined) return known
    if (limitByName.size >= maxNames && name !== otherNames) return limitOf(otherNames)
    const created = limitRate(ordinary)
    limitByName.set(name, created)
    return created
  }

  return ({ name, durationMs, isExported, hasFailed }) => {
    const isPreferred = isExported || hasFailed || durationMs >= slowTraceMs
    return (isPreferred && isWithinPreferred()) || limitOf(name)()
  }
}
