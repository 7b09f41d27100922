import { failureReasons } from './failure-reasons.ts'
import { findingReasons } from './finding-reasons.ts'
import { type AnyReason, type ReasonOf, readReason } from './reason-values.ts'
import { damageReasons, healthReasons, stepReasons, warningReasons } from './status-reasons.ts'

/**
 * Everything the engine says to people, as codes with values; it never sends sentences. The page finds the words
 * (`src/text`), and so can any other client.
 *
 * Reasons are plain data: they can be cloned, stored and sent. A code that a client does not know is no error; it reads
 * as undefined, and the client says something neutral.
 */

/** Also why a package does not pass its check: `publish` fails with the finding. */
export type FailureReason = ReasonOf<typeof failureReasons> | FindingReason
export type FindingReason = ReasonOf<typeof findingReasons>
export type StepReason = ReasonOf<typeof stepReasons>
export type HealthReason = ReasonOf<typeof healthReasons>
/** Also a finding, where a package is published in spite of it. */
export type WarningReason = ReasonOf<typeof warningReasons> | FailureReason
export type DamageReason = ReasonOf<typeof damageReasons>

const failureTable = { ...failureReasons, ...findingReasons }

export const allReasons = { ...failureTable, ...stepReasons, ...healthReasons, ...warningReasons, ...damageReasons }

/** Any reason of this version, with values of their types and within limits; undefined for anything else. Total. */
export const decodeReason = (data: unknown): AnyReason | undefined => readReason(allReasons, data)

/** The same for the reason of a failure. Total: what this version cannot read is `unknown`. */
export const decodeFailureReason = (data: unknown): FailureReason => {
  const reason = decodeReason(data)
  return reason !== undefined && Object.hasOwn(failureTable, reason.code)
    ? (reason as FailureReason)
    : { code: 'unknown' }
}
