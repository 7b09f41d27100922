import type { Stream } from '@libp2p/interface'
import { Failure } from '../contract/failures.ts'
import type { ContentManifest } from '../protocol/manifest.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { ContentStore } from './content-store.ts'

/** What a fetch is given, and the limits that it keeps. */
export interface FetchDependencies {
  telemetry: Telemetry
  content: ContentStore
  /** Peers that are said to hold the content, best known first; asked again while none of them is left. */
  findProviders(root: Uint8Array, operation: Operation): AsyncIterable<string>
  /**
   * Opens a `/ggen/piece/1.0.0` stream that will carry about `bytes`: on a direct connection, else on a relayed one that has
   * as much left.
   */
  openStream(peer: string, operation: Operation, bytes?: number): Promise<Stream>
  /** Relayed connections; absent where there are none. */
  relayed?: RelayedPaths
  /** First-hand experience with a peer: it brought a piece, it lied, it could not be reached or stopped. */
  report(peer: string, event: PeerReport): void
  /** The same peers, best first. */
  rank?(peers: readonly string[]): readonly string[]
  /** Milliseconds; only differences count. */
  now(): number
}

/**
 * What a fetch needs to know of relayed connections. They are slow, shared by all that goes to a peer, and their relay ends
 * them after some bytes; so they are used where no direct connection can be made, and left when one appears.
 */
export interface RelayedPaths {
  /** Most bytes of one content that are fetched over relayed connections. */
  readonly maxBytes: number
  /** Whether a stream goes through a relay. */
  isRelayed(stream: Stream): boolean
  /** The state of the direct path to a peer: it exists, may be made, or has failed lately. */
  directPath(peer: string): 'open' | 'possible' | 'failed'
}

export type PeerReport =
  | { kind: 'piece'; bytes: number; ms: number }
  | { kind: 'violation'; reason: string }
  | { kind: 'failed'; reason: string }

export interface FetchProgress {
  state: 'finding' | 'fetching' | 'verifying'
  /** Checked bytes that are here, those from before included. */
  bytes: number
  /** 0 until the manifest is here. */
  totalBytes: number
  /** Peers that brought at least one piece. */
  sources: number
  /** All peers that are asked now are reached through a relay. */
  relayed?: boolean
}

export interface FetchLimits {
  /** Peers asked at a time: more do not make a home connection faster, and each may cost a WebRTC connection. */
  maxSources: number
  /** Of those, peers that are reached through a relay: all of them share what the relay carries. */
  maxRelayedSources: number
  /** A stream that does not open within this is given up, ms: a relayed dial and WebRTC take up to some seconds. */
  openTimeoutMs: number
  /** Without any peer to ask for this long in all since the last piece, the fetch fails, ms. */
  waitForProvidersMs: number
  /** A peer that failed rests this long, then twice as long, ms. */
  restMs: number
  /** See `PieceClientOptions`. */
  stallTimeoutMs: number
  answerTimeoutMs: number
}

/** What a signed release says of its content. */
export interface ExpectedContent {
  readonly size: number
  readonly fileCount: number
}

export const fetchLimits: FetchLimits = {
  maxSources: 4,
  maxRelayedSources: 2,
  openTimeoutMs: 15_000,
  waitForProvidersMs: 20_000,
  restMs: 1_000,
  stallTimeoutMs: 10_000,
  answerTimeoutMs: 60_000,
}

/** @throws Failure `FileInvalid` where a manifest is not what was signed. */
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
