import { type FailureView, toFailure } from '../../workers/contract/failures.ts'

/** Converts a thrown value for the state. Total. */
export const toFailureView = (error: unknown): FailureView => {
  const { name, reason } = toFailure(error)
  return { name, reason }
}

/** Distinguishes a failure from a value of the engine: no value has both a name and a reason. Total. */
export const isFailureView = (value: unknown): value is FailureView =>
  typeof value === 'object' && value !== null && 'name' in value && 'reason' in value
