import { peerIdFromString } from '@libp2p/peer-id'
import * as v from 'valibot'
import { Failure } from '../contract/failures.ts'
import type { FailureReason } from '../contract/reasons.ts'
import type { TelemetryOptions } from '../contract/telemetry-views.ts'
import type { FileInput, LeftOut } from '../contract/views.ts'

/** Scripts may pass arguments of any type to commands, so arguments are checked at run time. */

const bytesSchema = v.instance(Uint8Array)
const filesSchema = v.array(v.object({ path: v.string(), bytes: bytesSchema }))
const textsSchema = v.array(v.string())

const leftOutSchema = v.array(
  v.object({
    name: v.string(),
    reason: v.picklist(['version-control', 'dependencies', 'build', 'cache', 'editor', 'system', 'chosen']),
    files: v.pipe(v.number(), v.integer(), v.minValue(1)),
    atLeast: v.optional(v.boolean()),
  }),
)

const telemetryOptionsSchema = v.object({
  export: v.boolean(),
  ratio: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
})

/** @throws Failure `InvalidArgument`. */
export const assertFiles = (files: readonly FileInput[]): void => assertIs(filesSchema, files, 'files')

/** @throws Failure `InvalidArgument`. */
export const assertSpecs = (specs: readonly string[]): void => assertIs(textsSchema, specs, 'specs')

/** @throws Failure `InvalidArgument`. */
export const assertPaths = (paths: readonly string[]): void => assertIs(textsSchema, paths, 'confirmedPrivate')

/** @throws Failure `InvalidArgument`. */
export const assertLeftOut = (leftOut: readonly LeftOut[]): void => assertIs(leftOutSchema, leftOut, 'leftOut')

/** @throws Failure `InvalidArgument`. */
export const assertBytes = (bytes: Uint8Array): void => assertIs(bytesSchema, bytes, 'archive')

/** @throws Failure `InvalidArgument`. */
export const assertTelemetryOptions = (options: TelemetryOptions): void =>
  assertIs(telemetryOptionsSchema, options, 'telemetry')
/** The number of pings that one command may send. */
const maxPings = 20

/** @throws Failure `InvalidArgument`. */
export const assertPingCount = (count: number): void =>
  assertIs(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(maxPings)), count, 'count')

/** Peer ids have 46 to 62 characters. */
const maxPeerIdCharacters = 128

/**
 * The id in its usual form.
 * @throws Failure `InvalidArgument`.
 */
export const readPeerId = (peer: unknown): string => {
  try {
    if (typeof peer === 'string' && peer.length <= maxPeerIdCharacters) return peerIdFromString(peer).toString()
  } catch {
    // Not a peer id.
  }
  throw new Failure('InvalidArgument', { code: 'malformed-peer-id', peer: sayPeer(peer) })
}

const sayPeer = (peer: unknown): string => (typeof peer === 'string' ? peer.slice(0, maxPeerIdCharacters) : typeof peer)

type Argument = Extract<FailureReason, { code: 'malformed-argument' }>['argument']

const assertIs = (schema: v.GenericSchema, value: unknown, argument: Argument): void => {
  if (!v.is(schema, value)) throw new Failure('InvalidArgument', { code: 'malformed-argument', argument })
}
