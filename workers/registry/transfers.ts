import * as v from 'valibot'
import { createCodec } from '../protocol/codec.ts'
import { line, shortList, timestamp } from '../protocol/fields.ts'
import { MAX_SPEC_CHARACTERS } from '../protocol/limits.ts'
import type { Store } from '../store/store.ts'
import { createStoredRecords } from './stored-records.ts'

/** An unfinished install, which resumes after a reload with the pieces already stored. */
export interface BegunTransfer {
  readonly id: string
  /** The requested packages. */
  readonly specs: readonly string[]
  readonly allowMissing: boolean
  readonly startedAt: number
}

export interface Transfers {
  /** Rows that do not decode are skipped and counted. */
  load(): Promise<{ dropped: number }>
  /** Oldest first. */
  list(): readonly BegunTransfer[]
  /** Durable when it resolves. @throws Failure `InvalidArgument` for more specs than an install can have. */
  begin(transfer: BegunTransfer): Promise<void>
  /** Durable when it resolves, even if `begin` is still in progress. Does nothing for an unknown id. */
  end(id: string): Promise<void>
}

interface StoredTransfer extends BegunTransfer {
  readonly v: 1
}

export const createTransfers = ({ store }: { readonly store: Store }): Transfers => {
  const records = createStoredRecords<StoredTransfer>(store, {
    table: 'transfers',
    codec: transferCodec,
    keyOf: ({ id }) => id,
  })
  return {
    load: records.load,
    list: () =>
      [...records.list()]
        .sort((a, b) => a.startedAt - b.startedAt)
        .map(({ id, specs, allowMissing, startedAt }) => ({ id, specs, allowMissing, startedAt })),
    begin: ({ id, specs, allowMissing, startedAt }) =>
      records.put({ v: 1, id, specs: [...specs], allowMissing, startedAt }),
    async end(id) {
      await records.remove(id)
    },
  }
}

/** Maximum number of packages in one install. */
const maxSpecs = 1_000

/** The page generates the ids: at most a UUID. */
const maxIdCharacters = 64

const transferCodec = createCodec<StoredTransfer>({
  name: 'begun transfer',
  version: 1,
  maxBytes: 2 * maxSpecs * MAX_SPEC_CHARACTERS,
  schema: v.strictObject({
    v: v.literal(1),
    id: line(1, maxIdCharacters),
    specs: shortList(line(1, MAX_SPEC_CHARACTERS), 1, maxSpecs),
    allowMissing: v.boolean(),
    startedAt: timestamp,
  }),
})
