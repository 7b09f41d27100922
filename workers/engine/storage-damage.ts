import { Failure } from '../contract/failures.ts'

/** Rows of the store that could not be read at the start. */
export interface StorageDamage {
  /** Of the catalogue; they were removed, so that peers can give them again. */
  readonly records: number
  /** Of the library; they were left as they are. */
  readonly installed: number
}

/** What a person should know of damage to the store, and what to do about it; empty where there is none. */
export const describeDamage = ({ records, installed }: StorageDamage): Failure[] => {
  const failures: Failure[] = []
  if (records > 0) failures.push(new Failure('RecordMalformed', { code: 'records-damaged', count: records }))
  if (installed > 0) failures.push(new Failure('FileInvalid', { code: 'library-damaged', count: installed }))
  return failures
}
