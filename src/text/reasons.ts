import type { AnyReason } from '../../workers/contract/reason-values.ts'
import { decodeReason } from '../../workers/contract/reasons.ts'
import { failureWords } from './failures.ts'
import { findingWords } from './findings.ts'
import { damageWords, healthWords, stepWords, warningWords } from './status.ts'
import { tame } from './words.ts'

/**
 * Sentences for what the engine says. Total: a reason of another version, or a damaged one, gives a neutral sentence.
 */

/** A reason as one or more sentences. */
export const sayReason = (reason: AnyReason): string =>
  wordsOf(reason) ?? 'This version of the page cannot describe the reason.'

/** A failure in words; one of an unknown reason is known by its name. */
export const sayFailure = ({ name, reason }: { readonly name: string; readonly reason: AnyReason }): string => {
  const known = isUnknown(reason) ? undefined : wordsOf(reason)
  return (
    known ??
    `Something went wrong (${tame(typeof name === 'string' ? name : 'Internal').slice(0, maxNameCharacters)}). Reload the page and try again.`
  )
}

const maxNameCharacters = 64

const isUnknown = (reason: unknown): boolean => (reason as { code?: unknown } | null | undefined)?.code === 'unknown'

const allWords = {
  ...failureWords,
  ...findingWords,
  ...stepWords,
  ...healthWords,
  ...warningWords,
  ...damageWords,
} as unknown as Readonly<Record<string, (values: object, say: (reason: AnyReason) => string) => string>>

const wordsOf = (reason: AnyReason): string | undefined => {
  const known = decodeReason(reason)
  return known === undefined ? undefined : allWords[known.code]?.(tamed(known), sayReason).trim()
}

/** Its texts, wherever they came from, without what would disturb the sentence around them. */
const tamed = (reason: AnyReason): object =>
  Object.fromEntries(
    Object.entries(reason).map(([name, value]) => [
      name,
      typeof value === 'string' ? tame(value) : Array.isArray(value) ? value.map(tame) : value,
    ]),
  )
