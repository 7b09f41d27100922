import type { FailureView } from './state.ts'

/** An error is known by its name and message alone: nothing else crosses from the worker. */
export const toFailureView = (error: unknown): FailureView =>
  error instanceof Error ? { name: error.name, message: error.message } : { name: 'Internal', message: String(error) }

/** Tells an outcome that is a failure from a value of the engine: none of those has a name and a message. */
export const isFailureView = (value: object): value is FailureView => 'name' in value && 'message' in value
