import type { Stream } from '@libp2p/interface'
import { Failure, isFailure } from '../contract/failures.ts'
import type { ContentManifest } from '../protocol/manifest.ts'
import type { ContentStore } from './content-store.ts'
import { runFetchSession } from './fetch-session.ts'

/**
 * Brings the content of a root here, from several peers at once.
 *
 * Guarantees: resolves only when every piece is stored and every file has the SHA-256 that its manifest says; what is
 * stored on the way are checked pieces and nothing else, so that a fetch that failed, was cancelled or was cut off by
 * a reload goes on where it stopped; leaves no timer, stream or search behind. Not guaranteed: that it survives a power
 * cut before the caller's next strict write.
 */
export interface FetchDependencies {
  content: ContentStore
  /** Peers that are said to hold the content, best known first; asked again while none of them is left. */
  findProviders(root: Uint8Array, signal: AbortSignal): AsyncIterable<string>
  /**
   * Opens a `/ggen/piece/1.0.0` stream that will carry about `bytes`: on a direct connection, else on a relayed one that has
   * as much left.
   */
  openStream(peer: string, signal: AbortSignal, bytes?: number): Promise<Stream>
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
  directPath(peer: string): 'there' | 'possible' | 'failed'
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

export interface FetchResult {
  manifest: ContentManifest
  /** Fetched now, without what was here before. */
  bytes: number
  sources: number
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

export interface FetchOptions {
  signal?: AbortSignal
  /** What the signed release says; a manifest that says otherwise is refused before any piece is fetched. */
  expected?: ExpectedContent
  onProgress?(progress: FetchProgress): void
  limits?: Partial<FetchLimits>
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

/**
 * Times that content is completed anew when stored pieces turn out to be damaged: once mends it, and what is damaged
 * again after that is a broken disk.
 */
const maxRounds = 2

/**
 * @throws Failure `Cancelled`; `ContentUnavailable` (nobody has the rest, what is kept is named); `TooLargeForRelay` (it is
 * reached through relays only, and they do not carry that much); `FileInvalid` (the
 * publisher's own manifest is wrong, nothing is kept; or it is not what is expected); `RecordMalformed` and the like (so is the manifest itself);
 * `QuotaExceeded`, `StorageUnavailable`.
 */
export const fetchContent = async (
  root: Uint8Array,
  deps: FetchDependencies,
  { signal, expected, onProgress = () => {}, limits }: FetchOptions = {},
): Promise<FetchResult> => {
  const { content } = deps
  const by = new Set<string>()
  let fetched = 0
  for (let round = 0; ; round += 1) {
    throwIfCancelled(signal)
    const gathered = await runFetchSession(root, deps, {
      limits: { ...fetchLimits, ...limits },
      signal,
      expected,
      onProgress,
      sources: by,
    })
    const { manifest, damaged, unchecked } = gathered
    fetched += gathered.bytes
    onProgress({ state: 'verifying', bytes: manifest.size, totalBytes: manifest.size, sources: by.size })
    try {
      const wrong = damaged[0]
      if (wrong !== undefined) throw fileInvalid(wrong)
      for (const path of unchecked) {
        throwIfCancelled(signal)
        await content.readFile(root, path)
      }
      return { manifest, bytes: fetched, sources: by.size }
    } catch (thrown) {
      // No peer can help: these are the bytes that the root names.
      if (isFailure(thrown, 'FileInvalid')) await content.remove(root)
      // A piece from an earlier run was damaged on the disk; it is removed now, so that it is missing in the next round.
      if (!isFailure(thrown, 'ContentUnavailable') || round >= maxRounds) throw thrown
    }
  }
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

export const throwIfCancelled = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted === true) throw new Failure('Cancelled', { code: 'fetch-cancelled' })
}

const fileInvalid = (path: string): Failure => new Failure('FileInvalid', { code: 'fetched-file-mismatch', path })
