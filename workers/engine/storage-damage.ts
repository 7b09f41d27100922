import { Failure } from '../contract/failures.ts'

/** Rows of the store that could not be read at the start. */
export interface StorageDamage {
  /** Damaged rows of the catalogue; removed, so that peers can send them again. */
  readonly records: number
  /** Damaged rows of the library; left in place. */
  readonly installed: number
}

/** Notices about damage to the store and what to do about it; empty without damage. */
export const describeDamage = ({ records, installed }: StorageDamage): Failure[] => {
  const failures: Failure[] = []
  if (records > 0) failures.push(new Failure('RecordMalformed', { code: 'records-damaged', count: records }))
  if (installed > 0) failures.push(new Failure('FileInvalid', { code: 'library-damaged', count: installed }))
  return failures
}
