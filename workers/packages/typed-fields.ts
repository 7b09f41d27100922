import type { ManifestFields } from '../contract/views.ts'
import type { Manifest } from './manifest.ts'

/** Fields typed by a person, which override the manifest. They may come from a script, so their types are untrusted. */
export type TypedFields = Readonly<Partial<Record<keyof ManifestFields, unknown>>>

/** Sources of the package fields. */
export interface FieldsInput {
  manifest: Manifest | undefined
  /** Name of the folder that contained the files. */
  folder: string | undefined
  typed: TypedFields
}

/** Returns a typed text. An empty text counts as typed: the person cleared the field. */
export const typedText = (typed: TypedFields, key: keyof ManifestFields): string | undefined => {
  const value = typed[key]
  return typeof value === 'string' ? value.trim() : undefined
}
