import { failureReasons } from './failure-reasons.ts'
import { findingReasons } from './finding-reasons.ts'
import { type AnyReason, type ReasonOf, readReason } from './reason-values.ts'
import { damageReasons, healthReasons, stepReasons, warningReasons } from './status-reasons.ts'

/**
 * The engine's messages for people, as codes with values; it never sends sentences. The page (`src/text`) or another
 * client supplies the words.
 *
 * Reasons are plain data: they can be cloned, stored and sent. A code unknown to a client is not an error; it decodes
 * to undefined, and the client shows a neutral text.
 */

/** Includes findings: `publish` fails with the first one that is an error. */
export type FailureReason = ReasonOf<typeof failureReasons> | FindingReason
export type FindingReason = ReasonOf<typeof findingReasons>
export type StepReason = ReasonOf<typeof stepReasons>
export type HealthReason = ReasonOf<typeof healthReasons>
/** Includes findings that do not prevent publishing. */
export type WarningReason = ReasonOf<typeof warningReasons> | FailureReason
export type DamageReason = ReasonOf<typeof damageReasons>

const failureTable = { ...failureReasons, ...findingReasons }

export const allReasons = { ...failureTable, ...stepReasons, ...healthReasons, ...warningReasons, ...damageReasons }

/** Decodes any reason of this version, checking types and limits; undefined for anything else. Total. */
export const decodeReason = (data: unknown): AnyReason | undefined => readReason(allReasons, data)

/** The same for the reason of a failure; anything else becomes `unknown`. Total. */
export const decodeFailureReason = (data: unknown): FailureReason => {
  const reason = decodeReason(data)
  return reason !== undefined && Object.hasOwn(failureTable, reason.code)
    ? (reason as FailureReason)
    : { code: 'unknown' }
}
