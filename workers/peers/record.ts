import * as v from 'valibot'
import { createCodec } from '../protocol/codec.ts'
import { integer, timestamp } from '../protocol/fields.ts'

/** Stored reputation of a peer, in integers, the only numbers of the record format. */
export interface PeerRecord {
  readonly v: 1
  readonly peer: string
  /** Decayed outcomes and faults as of `at` (thousandths). */
  readonly ok: number
  readonly failed: number
  readonly faults: number
  readonly at: number
  /** Microseconds. */
  readonly rtt?: number
  /** Bit/s. */
  readonly bitPerS?: number
  readonly lastSuccessAt?: number
  readonly bannedUntil?: number
}

/** Base58 and base32 peer ids have 46 to 62 characters. */
const maxPeerIdCharacters = 128

export const isPeerIdText = (text: string): boolean =>
  text.length > 0 && text.length <= maxPeerIdCharacters && /^[A-Za-z0-9]+$/.test(text)

/** Far more than any peer reaches with decaying outcomes. */
export const maxThousandths = 1_000_000_000

export const peerRecordCodec = createCodec<PeerRecord>({
  name: 'peer reputation',
  version: 1,
  maxBytes: 512,
  maxItems: 32,
  schema: v.strictObject({
    v: v.literal(1),
    peer: v.pipe(v.string(), v.check(isPeerIdText, 'a peer id is expected')),
    ok: integer(0, maxThousandths),
    failed: integer(0, maxThousandths),
    faults: integer(0, maxThousandths),
    at: timestamp,
    rtt: v.exactOptional(integer(0)),
    bitPerS: v.exactOptional(integer(0)),
    lastSuccessAt: v.exactOptional(timestamp),
    bannedUntil: v.exactOptional(timestamp),
  }),
})
