import { type FailureView, toFailure } from '../../workers/contract/failures.ts'

/** Converts a thrown value for the state. Total. */
export const toFailureView = (error: unknown): FailureView => {
  const { name, reason } = toFailure(error)
  return { name, reason }
}

/** Distinguishes a failure from a value of the engine: no value has both a name and a reason. */
export const isFailureView = (value: object): value is FailureView => 'name' in value && 'reason' in value
