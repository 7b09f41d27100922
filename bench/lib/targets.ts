import { readFileSync } from 'node:fs'
import type { Row } from './measurement.ts'

/** A target that may be missed for a stated reason and then does not fail a run. */
export interface KnownMiss {
  readonly suite: string
  readonly scenario: string
  readonly reason: string
}

export interface TargetReport {
  /** Unlisted misses, which fail the run. */
  readonly missed: readonly string[]
  readonly known: readonly string[]
  /** Listed as known misses but met in this run. */
  readonly met: readonly string[]
}

/** Sorts the targets of a run. Scenarios that it did not measure appear in no list. */
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

/** @throws Error if an entry lacks a field, such as its reason. */
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
