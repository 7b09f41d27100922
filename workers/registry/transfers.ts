import * as v from 'valibot'
import { createCodec } from '../protocol/codec.ts'
import { line, shortList, timestamp } from '../protocol/fields.ts'
import { MAX_SPEC_CHARACTERS } from '../protocol/limits.ts'
import type { Store } from '../store/store.ts'
import { createStoredRecords } from './stored-records.ts'

/** Installs that were begun and not ended: after a reload they are taken up again with what is here already. */
export interface BegunTransfer {
  readonly id: string
  /** What the person asked for. */
  readonly specs: readonly string[]
  readonly allowMissing: boolean
  readonly startedAt: number
}

export interface Transfers {
  /** What does not decode is left out and counted. */
  load(): Promise<{ dropped: number }>
  /** Oldest first. */
  list(): readonly BegunTransfer[]
  /** Durable when it resolves. @throws Failure `InvalidArgument` for more specs than an install can have. */
  begin(transfer: BegunTransfer): Promise<void>
  /** Durable when it resolves, also after a `begin` that is still under way. Ending what was not begun does nothing. */
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

/** Packages that one install can ask for. */
const maxSpecs = 1_000

/** Ids are made by the page: a UUID or less. */
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
