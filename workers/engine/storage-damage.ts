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
  if (records > 0)
    failures.push(
      new Failure(
        'RecordMalformed',
        `${count(records, 'record')} of the catalogue on this device ${records === 1 ? 'was' : 'were'} damaged and taken out. Connected peers send again what they have.`,
      ),
    )
  if (installed > 0)
    failures.push(
      new Failure(
        'FileInvalid',
        `${count(installed, 'entry', 'entries')} of your library cannot be read: the storage of this browser was damaged. Install what you miss again.`,
      ),
    )
  return failures
}

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`
