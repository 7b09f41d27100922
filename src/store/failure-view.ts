import { type FailureView, toFailure } from '../../workers/contract/failures.ts'

/** What was thrown, as the page keeps it. Total. */
export const toFailureView = (error: unknown): FailureView => {
  const { name, reason } = toFailure(error)
  return { name, reason }
}

/** Tells an outcome that is a failure from a value of the engine: none of those has a name and a reason. */
export const isFailureView = (value: object): value is FailureView => 'name' in value && 'reason' in value
