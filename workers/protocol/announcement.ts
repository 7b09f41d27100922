import * as v from 'valibot'
import { createCodec } from './codec.ts'
import { bytes } from './fields.ts'
import { ANNOUNCEMENT_MAX_BYTES, HEAD_MAX_BYTES, IDENTITY_CHAIN_MAX_BYTES, RELEASE_MAX_BYTES } from './limits.ts'
import { wireVersions } from './version.ts'

/**
 * A gossip message: a package has a new state. It carries all that is needed to verify it, so that a peer can decide
 * alone whether to pass it on. Gossip is a hint; sync is the truth.
 */
export interface Announcement {
  readonly v: 1
  /** An encoded identity chain. */
  readonly identity: Uint8Array
  /** A signed head. */
  readonly head: Uint8Array
  /** The signed release that is new, or null where none is (a yank). */
  readonly release: Uint8Array | null
}

export const announcementCodec = createCodec<Announcement>({
  name: 'announcement',
  version: wireVersions.announcement,
  maxBytes: ANNOUNCEMENT_MAX_BYTES,
  schema: v.strictObject({
    v: v.literal(wireVersions.announcement, 'another version is expected'),
    identity: bytes(1, IDENTITY_CHAIN_MAX_BYTES),
    head: bytes(1, HEAD_MAX_BYTES),
    release: v.nullable(bytes(1, RELEASE_MAX_BYTES)),
  }),
})
