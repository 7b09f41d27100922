import type { ManifestFields } from '../contract/views.ts'
import type { Manifest } from './manifest.ts'

/** What a person typed over the manifest; it may come from a script, so nothing is trusted to have its type. */
export type TypedFields = Readonly<Partial<Record<keyof ManifestFields, unknown>>>

/** What the fields of a package are read from. */
export interface FieldsInput {
  manifest: Manifest | undefined
  /** The folder that the files come from. */
  folder: string | undefined
  typed: TypedFields
}

/** A text that a person typed; an empty one counts: it was emptied. */
export const typedText = (typed: TypedFields, key: keyof ManifestFields): string | undefined => {
  const value = typed[key]
  return typeof value === 'string' ? value.trim() : undefined
}
