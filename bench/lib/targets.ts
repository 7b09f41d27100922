import { readFileSync } from 'node:fs'
import type { Row } from './measurement.ts'

/** A target that is missed for a reason that is known: it does not fail a run, until it is met and can be taken off the list. */
export interface KnownMiss {
  readonly suite: string
  readonly scenario: string
  readonly reason: string
}

export interface TargetReport {
  /** Each fails the run. */
  readonly missed: readonly string[]
  readonly known: readonly string[]
  /** Listed as missed, and met in this run. */
  readonly met: readonly string[]
}

/** Listed scenarios that this run did not measure are in none of the lists. */
export const checkTargets = (
  rows: readonly (Pick<Row, 'scenario' | 'pass'> & { readonly suite: string })[],
  knownMisses: readonly KnownMiss[],
): TargetReport => {
  const missed: string[] = []
  const known: string[] = []
  const met: string[] = []
  for (const { suite, scenario, pass } of rows) {
    if (pass === null) continue
    const listed = knownMisses.find((each) => each.suite === suite && each.scenario === scenario)
    const name = `${suite}: ${scenario}`
    if (!pass && listed === undefined) missed.push(name)
    else if (!pass) known.push(`${name}: ${listed?.reason}`)
    else if (listed !== undefined) met.push(name)
  }
  return { missed, known, met }
}

/** @throws Error where an entry lacks a field: a miss without a reason is not known. */
export const readKnownMisses = (file: string): KnownMiss[] => {
  const read: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!Array.isArray(read)) throw new Error(`${file} is not a list.`)
  return read.map((entry: Partial<KnownMiss>) => {
    const { suite, scenario, reason } = entry
    if (!suite || !scenario || !reason)
      throw new Error(`${file}: ${JSON.stringify(entry)} lacks suite, scenario or reason.`)
    return { suite, scenario, reason }
  })
}
