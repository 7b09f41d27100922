import type { Stream } from '@libp2p/interface'
import { Failure } from '../contract/failures.ts'
import type { ContentManifest } from '../protocol/manifest.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { ContentStore } from './content-store.ts'

export interface FetchDependencies {
  telemetry: Telemetry
  content: ContentStore
  /** Finds providers of the content, best first; called again when no usable provider remains. */
  findProviders(root: Uint8Array, operation: Operation): AsyncIterable<string>
  /**
   * Opens a `/ggen/piece/1.0.0` stream for about `bytes`: on a direct connection, or on a relayed one with that much data
   * limit left.
   */
  openStream(peer: string, operation: Operation, bytes?: number): Promise<Stream>
  /** State of relayed connections; absent where relays are not used. */
  relayed?: RelayedPaths
  /** Reports first-hand experience with a peer: a verified piece, a violation, or a failure to connect or answer. */
  report(peer: string, event: PeerReport): void
  /** Orders peers, best first. */
  rank?(peers: readonly string[]): readonly string[]
  /** Monotonic clock (ms). */
  now(): number
}

/**
 * Relayed connections as a fetch sees them. They are slow, shared by all streams to a peer, and closed by the relay at
 * its data limit. A fetch uses them only where no direct connection can be made, and moves to a direct one when it opens.
 */
export interface RelayedPaths {
  /** Maximum bytes of one content fetched over relayed connections. */
  readonly maxBytes: number
  /** Whether a stream runs over a relayed connection. */
  isRelayed(stream: Stream): boolean
  /** Direct connection to a peer: open, still possible, or recently failed. */
  directPath(peer: string): 'open' | 'possible' | 'failed'
}

export type PeerReport =
  | { kind: 'piece'; bytes: number; ms: number }
  | { kind: 'violation'; reason: string }
  | { kind: 'failed'; reason: string }

export interface FetchProgress {
  state: 'finding' | 'fetching' | 'verifying'
  /** Verified bytes stored, including those from earlier fetches. */
  bytes: number
  /** 0 until the manifest is available. */
  totalBytes: number
  /** Peers that sent at least one verified piece. */
  sources: number
  /** All current sources are relayed peers. */
  relayed?: boolean
}

export interface FetchLimits {
  /** Maximum concurrent sources: more do not speed up a home connection, and each may cost a WebRTC connection. */
  maxSources: number
  /** Maximum relayed peers among the sources: they share the capacity of the relay. */
  maxRelayedSources: number
  /** Timeout for opening a stream (ms): a relayed dial followed by WebRTC takes several seconds. */
  openTimeoutMs: number
  /** Total time without a source since the last piece after which the fetch fails (ms). */
  waitForProvidersMs: number
  /** Initial delay before retrying a failed peer, doubled with each retry (ms). */
  retryDelayMs: number
  /** See `PieceClientOptions`. */
  stallTimeoutMs: number
  answerTimeoutMs: number
}

/** Content values committed to by a signed release. */
export interface ExpectedContent {
  readonly size: number
  readonly fileCount: number
}

export const fetchLimits: FetchLimits = {
  maxSources: 4,
  maxRelayedSources: 2,
  openTimeoutMs: 15_000,
  waitForProvidersMs: 20_000,
  retryDelayMs: 1_000,
  stallTimeoutMs: 10_000,
  answerTimeoutMs: 60_000,
}

/** @throws Failure `FileInvalid` when a manifest differs from the signed release. */
export const assertExpected = (manifest: ContentManifest, expected: ExpectedContent | undefined): void => {
  if (expected === undefined) return
  const { size, files } = manifest
  if (size === expected.size && files.length === expected.fileCount) return
  throw new Failure('FileInvalid', {
    code: 'content-mismatch',
    files: files.length,
    bytes: size,
    signedFiles: expected.fileCount,
    signedBytes: expected.size,
  })
}
