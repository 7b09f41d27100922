/**
 * The outcome of reading something that someone else wrote: a value, or a named failure. Bad input is normal
 * input, so no decoder throws.
 */

/** A subset of the documented failure names. */
export type DecodeFailureName =
  | 'RecordMalformed'
  | 'RecordTooLarge'
  | 'RecordUnsupported'
  | 'SignatureInvalid'
  | 'IdentityInvalid'
  | 'PathUnsafe'
  | 'PathCollision'
  | 'InvalidArgument'

/** `message` is a technical detail for logs and for developers; code looks at `name` only. */
export interface DecodeFailure {
  readonly ok: false
  readonly name: DecodeFailureName
  readonly message: string
}

export type Decoded<T> = { readonly ok: true; readonly value: T } | DecodeFailure

export const decoded = <T>(value: T): Decoded<T> => ({ ok: true, value })

export const refused = (name: DecodeFailureName, message: string): DecodeFailure => ({ ok: false, name, message })

/**
 * Thrown when this program tries to encode a record that no peer would accept. Its name is a documented failure name,
 * under which it reaches the person.
 */
export class RecordError extends Error {
  override readonly name: DecodeFailureName

  constructor(name: DecodeFailureName, message: string) {
    super(message)
    this.name = name
  }
}
