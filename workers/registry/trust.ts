import * as v from 'valibot'
import type { TrustState } from '../contract/views.ts'
import { createCodec } from '../protocol/codec.ts'
import { publisherId, timestamp } from '../protocol/fields.ts'
import { isPublisherId, isPublisherName, type PublisherId } from '../protocol/ids.ts'
import type { Store } from '../store/store.ts'
import { createStoredRecords } from './stored-records.ts'

/**
 * Trust on first use: the publishers whose packages this profile has installed. Does not vouch for a publisher's name;
 * ids are unique, names are not.
 */
export interface Trust {
  load(): Promise<{ dropped: number }>
  stateOf(publisher: string): TrustState
  /** Records the first use of a publisher's package. Later calls change nothing. */
  remember(publisher: string, name: string, at: number): Promise<void>
}

interface TrustedPublisher {
  readonly v: 1
  readonly publisher: PublisherId
  /** The publisher's own name at that time. */
  readonly name: string
  readonly since: number
}

/** @param dependencies.self this profile's own publisher id, as of the call. */
export const createTrust = ({ store, self }: { readonly store: Store; self(): string }): Trust => {
  const records = createStoredRecords(store, {
    table: 'settings',
    prefix: 'trust/',
    codec: trustCodec,
    keyOf: ({ publisher }) => publisher,
  })
  return {
    // A damaged record makes its publisher new again, so the person must confirm once more.
    load: records.load,
    stateOf: (publisher) => (publisher === self() ? 'self' : records.get(publisher) === undefined ? 'new' : 'known'),
    async remember(publisher, name, at) {
      if (publisher === self() || records.get(publisher) !== undefined || !isPublisherId(publisher)) return
      await records.put({ v: 1, publisher, name, since: at })
    },
  }
}

const trustCodec = createCodec<TrustedPublisher>({
  name: 'known publisher',
  version: 1,
  maxBytes: 512,
  schema: v.strictObject({
    v: v.literal(1),
    publisher: publisherId,
    name: v.pipe(v.string(), v.check(isPublisherName)),
    since: timestamp,
  }),
})
