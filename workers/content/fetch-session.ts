import { Failure, toFailure } from '../contract/failures.ts'
import { rootToText } from '../protocol/ids.ts'
import { type ContentManifest, pieceLength } from '../protocol/manifest.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Span } from '../telemetry/telemetry.ts'
import {
  assertExpected,
  type ExpectedContent,
  type FetchDependencies,
  type FetchLimits,
  type FetchProgress,
} from './fetch-options.ts'
import type { FileCheck, FileCheckResult } from './file-check.ts'
import { openWithTimeout } from './open-with-timeout.ts'
import { createPieceClient, type PieceAnswer, type PieceClient } from './piece-client.ts'
import { createPieceWriter } from './piece-writer.ts'
import { createProviderSearch } from './provider-search.ts'
import { createProviderStates } from './provider-states.ts'
import { createSchedule, type Schedule } from './schedule.ts'

/**
 * One attempt to fetch a content: stores the manifest and every missing piece of a root, and hashes files as their
 * pieces arrive. Sources join and leave; the session ends when no piece is missing, or with a failure.
 */
export interface FetchSessionOptions {
  limits: FetchLimits
  operation: Operation
  expected: ExpectedContent | undefined
  onProgress(progress: FetchProgress): void
  /** Peers that sent at least one verified piece; the session adds to it. */
  sources: Set<string>
}

export interface FetchSessionResult extends FileCheckResult {
  manifest: ContentManifest
  /** Bytes fetched in this session. */
  bytes: number
}

/** Interval between checks for conditions without an event (ms): overdue pieces, ended backoff, no source. */
const tickMs = 250

/** Maximum verified bytes waiting for the disk before requests pause: four batches. */
const maxBacklogBytes = 8 * 1024 * 1024

/** Time without progress after which more providers are looked up although some are connected (ms). */
const noProgressMs = 5_000

/** Maximum outstanding pieces per relayed source: other streams share its connection. */
const relayedWindow = 2

/** Minimum sources, even for the last piece: the second hedges against a slow first one. */
const minSources = 2

export const runFetchSession = async (
  root: Uint8Array,
  deps: FetchDependencies,
  { limits, operation, expected, onProgress, sources: contributors }: FetchSessionOptions,
): Promise<FetchSessionResult> => {
  const { content, now, report } = deps
  const { signal } = operation
  const { meter, logger } = deps.telemetry
  const log = logger('content')
  const received = meter.createCounter('piece_bytes_received')
  const outcome = Promise.withResolvers<void>()
  // It may reject before it is awaited.
  outcome.promise.catch(() => {})
  const ended = new AbortController()
  /** Work bound to the session, however it ends. */
  const running = operation.detached(ended.signal)
  const providers = createProviderStates(limits.retryDelayMs, now)
  const active = new Map<string, Source>()
  /** Undefined until the manifest is available. */
  let download: Download | undefined
  /** Pieces being hashed. */
  let verifying = 0
  let fetched = 0
  let progressAt = now()
  /** Time without a source since the last progress (ms). */
  let starvedMs = 0
  let tickedAt = now()

  const fail = (thrown: unknown): void => outcome.reject(toFailure(thrown))
  const writer = createPieceWriter({
    write: (pieces) => content.putPieces(root, pieces),
    onWritten: () => pump(),
    onFailure: fail,
  })
  const search = createProviderSearch(
    () => deps.findProviders(root, running),
    (peer) => {
      providers.add(peer)
      pump()
    },
    ended.signal,
    now,
  )

  const progress = (): void =>
    onProgress({
      state: download === undefined ? 'finding' : 'fetching',
      bytes: (download?.stored ?? 0) + fetched,
      totalBytes: download?.manifest.size ?? 0,
      sources: contributors.size,
      ...(isRelayedOnly() ? { relayed: true } : {}),
    })

  const opened = (): Source[] => [...active.values()].filter(({ client }) => client !== undefined)

  const isRelayedOnly = (): boolean => opened().length > 0 && opened().every(({ relayed }) => relayed)

  /** Missing bytes; before the manifest is available, as the signed release says. */
  const missingBytes = (): number =>
    download === undefined ? (expected?.size ?? 0) : download.manifest.size - download.stored - fetched

  /** Whether relayed connections may carry the missing bytes; otherwise they need a direct connection. */
  const fitsRelay = (): boolean => missingBytes() <= (deps.relayed?.maxBytes ?? Number.POSITIVE_INFINITY)

  const startDownload = (manifest: ContentManifest, missing: readonly number[]): void => {
    assertExpected(manifest, expected)
    const missingBytes = missing.reduce((sum, piece) => sum + pieceLength(manifest, piece), 0)
    download = {
      manifest,
      stored: manifest.size - missingBytes,
      schedule: createSchedule(missing, now),
      files: content.checkFiles(manifest, new Set(missing)),
    }
    progress()
  }

  const onPeerProgress = (peer: string): void => {
    progressAt = now()
    starvedMs = 0
    search.reset()
    providers.resetFailures(peer)
  }

  const release = (source: Source, outcome: SourceOutcome): void => {
    if (active.get(source.peer) !== source) return
    active.delete(source.peer)
    download?.schedule.lost(source.peer)
    source.client?.close()
    const { span, pieces, bytes, relayed } = source
    span.setAttributes({ pieces, bytes, relayed, outcome })
    span.end()
  }

  /** Releases a source that cannot continue. Only the first call has an effect. */
  const drop = (source: Source, cause: 'failed' | 'busy', reason: string): void => {
    if (ended.signal.aborted || active.get(source.peer) !== source) return
    log.debug('source dropped', { peer: source.peer, cause, reason })
    release(source, cause)
    providers.backOff(source.peer, cause)
    if (cause === 'failed') report(source.peer, { kind: 'failed', reason })
    pump()
  }

  /** Bans a source for a violation, even one detected after the source left or reconnected. */
  const banSource = (peer: string, reason: string): void => {
    if (ended.signal.aborted) return
    log.debug('source banned', { peer, reason })
    if (providers.ban(peer)) report(peer, { kind: 'violation', reason })
    const source = active.get(peer)
    if (source !== undefined) release(source, 'violation')
    pump()
  }

  const onSourceFailure = (source: Source, thrown: unknown): void => {
    const { name, reason } = toFailure(thrown)
    // A relay closes connections at its data limit: that is not a failure of the peer, which is retried.
    if (name !== 'RecordMalformed') drop(source, source.relayed ? 'busy' : 'failed', reason.code)
    else banSource(source.peer, reason.code)
  }

  const requestManifest = async (source: Source, client: PieceClient): Promise<void> => {
    source.manifestRequested = true
    const answer = await client.manifest(root).catch((thrown: unknown) => onSourceFailure(source, thrown))
    if (answer === undefined || download !== undefined || ended.signal.aborted) return
    if (answer.status === 'refused') drop(source, 'busy', '')
    else if (answer.status === 'absent') drop(source, 'failed', 'content absent')
    else await onManifest(source, answer.bytes).catch(fail)
  }

  const onManifest = async (source: Source, bytes: Uint8Array): Promise<void> => {
    const manifest = await content.putManifest(root, bytes)
    if (!manifest.ok && manifest.name === 'PieceInvalid') return banSource(source.peer, manifest.message)
    if (!manifest.ok) throw new Failure(manifest.name, { code: 'record-refused', detail: manifest.message })
    const missing = await content.missingPieces(root)
    if (missing === undefined || download !== undefined || ended.signal.aborted) return
    onPeerProgress(source.peer)
    startDownload(manifest.value, missing)
    pump()
  }

  const requestPieces = (source: Source, client: PieceClient, { manifest, schedule }: Download): void => {
    const mayRequest = !source.relayed || (!source.draining && fitsRelay())
    const hasRoom = mayRequest && writer.backlog < maxBacklogBytes && active.get(source.peer) === source
    const pieces = hasRoom ? schedule.next(source.peer, source.relayed ? relayedWindow : undefined) : []
    if (pieces.length > 0) {
      const wanted = pieces.map((piece) => ({ piece, size: pieceLength(manifest, piece) }))
      for (const [at, answer] of client.pieces(root, wanted).entries()) {
        answer.then(
          (received) => onAnswer(source, client, pieces[at] ?? 0, received),
          (thrown: unknown) => onSourceFailure(source, thrown),
        )
      }
    }
    if (schedule.left > 0 && schedule.isExhausted(source.peer)) drop(source, 'failed', 'remaining pieces absent')
  }

  const onAnswer = (source: Source, client: PieceClient, piece: number, answer: PieceAnswer): void => {
    if (download === undefined || ended.signal.aborted || active.get(source.peer) !== source) return
    if (answer.status === 'refused') {
      drop(source, 'busy', '')
      return
    }
    if (answer.status === 'absent') download.schedule.absent(source.peer, piece)
    else {
      const { first, ms } = download.schedule.arrived(source.peer, piece)
      if (first) verify(source.peer, piece, answer.bytes, ms, download).catch(fail)
    }
    // Requests the next pieces before this one is hashed.
    if (!movesToDirect(source)) requestPieces(source, client, download)
  }

  const verify = async (
    peer: string,
    piece: number,
    bytes: Uint8Array,
    ms: number,
    { manifest, schedule, files }: Download,
  ): Promise<void> => {
    verifying += 1
    const checked = await content.checkPiece(manifest, piece, bytes)
    verifying -= 1
    if (ended.signal.aborted) return
    if (checked === undefined) {
      schedule.rejected(piece)
      banSource(peer, `Piece ${piece} does not match its hash.`)
      return
    }
    files.add(piece, bytes)
    writer.add(checked)
    fetched += bytes.length
    contributors.add(peer)
    // A piece may be verified after its source has left.
    const source = active.get(peer)
    if (source !== undefined) {
      source.pieces += 1
      source.bytes += bytes.length
    }
    received.add(bytes.length)
    report(peer, { kind: 'piece', bytes: bytes.length, ms })
    onPeerProgress(peer)
    progress()
    if (schedule.left === 0) pump()
  }

  const open = async (peer: string): Promise<void> => {
    // One span a source: one a piece would be hundreds, each of the time that the pieces before it took.
    const source: Source = {
      peer,
      client: undefined,
      manifestRequested: false,
      relayed: false,
      draining: false,
      span: operation.start('piece_source', { peer }).span,
      pieces: 0,
      bytes: 0,
    }
    providers.use(peer)
    active.set(peer, source)
    try {
      const bytes = Math.min(missingBytes(), deps.relayed?.maxBytes ?? 0)
      const stream = await openWithTimeout(limits.openTimeoutMs, running, (opening) =>
        deps.openStream(peer, opening, bytes),
      )
      source.relayed = deps.relayed?.isRelayed(stream) ?? false
      const relayed = opened().filter((each) => each.relayed).length
      source.client = createPieceClient(stream, { ...limits, span: operation.span })
      log.debug('source chosen', { root: rootToText(root), peer, relayed: source.relayed })
      if (source.relayed && relayed >= limits.maxRelayedSources) drop(source, 'busy', '')
      else pump()
      progress()
    } catch (thrown) {
      onSourceFailure(source, thrown)
    }
  }

  /** Opens streams, sends requests and starts lookups as the state allows. Called after every event and by the tick. */
  const pump = (): void => {
    if (ended.signal.aborted) return
    if (download !== undefined && download.schedule.left === 0 && verifying === 0) {
      outcome.resolve()
      return
    }
    const wanted = Math.min(limits.maxSources, Math.max(minSources, download?.schedule.left ?? 0))
    if (active.size < wanted) {
      const ready = providers.ready()
      const ranked = deps.rank?.(ready) ?? ready
      for (const peer of ranked.slice(0, wanted - active.size)) void open(peer)
    }
    for (const source of [...active.values()]) {
      if (source.client === undefined || movesToDirect(source)) continue
      if (download !== undefined) requestPieces(source, source.client, download)
      else if (!source.manifestRequested) void requestManifest(source, source.client)
    }
    if (active.size === 0 || isRelayedOnly() || now() - progressAt > noProgressMs) search.startIfDue()
  }

  /** Moves a relayed source to its new direct connection once it has no outstanding requests. */
  const movesToDirect = (source: Source): boolean => {
    if (!source.relayed || deps.relayed?.directPath(source.peer) !== 'open') return false
    source.draining = true
    if (download?.schedule.isIdle(source.peer) === false) return false
    release(source, 'moved')
    void open(source.peer)
    return true
  }

  /** Whether only relayed sources remain and the missing bytes exceed what relays carry. */
  const isTooLargeForRelay = (): boolean => {
    if (fitsRelay() || !isRelayedOnly()) return false
    const hasTriedAll =
      search.hasCompleted() && providers.usable().every((peer) => deps.relayed?.directPath(peer) === 'failed')
    return hasTriedAll || now() - progressAt > limits.waitForProvidersMs
  }

  const tick = (): void => {
    const at = now()
    if (active.size === 0) starvedMs += at - tickedAt
    tickedAt = at
    if (isTooLargeForRelay())
      fail(tooLargeForRelay(missingBytes(), deps.relayed?.maxBytes ?? 0, (download?.stored ?? 0) + fetched > 0))
    else if (starvedMs < limits.waitForProvidersMs) pump()
    else fail(unavailable(root, download, fetched, providers.size))
  }

  const cancel = (): void => fail(new Failure('Cancelled', { code: 'fetch-cancelled' }))
  signal.addEventListener('abort', cancel, { once: true })
  const ticking = setInterval(tick, tickMs)
  try {
    const missing = await content.missingPieces(root)
    const manifest = missing === undefined ? undefined : await content.manifest(root)
    if (missing !== undefined && manifest !== undefined) startDownload(manifest, missing)
    else progress()
    if (signal.aborted) cancel()
    pump()
    await outcome.promise
    await writer.close()
  } finally {
    ended.abort()
    clearInterval(ticking)
    signal.removeEventListener('abort', cancel)
    for (const source of [...active.values()]) release(source, 'done')
    // After a failure too: verified pieces are kept for the next attempt.
    await writer.close().catch(() => {})
    operation.span.setAttributes({ bytes: fetched, sources: contributors.size })
  }
  if (download === undefined) throw new Failure('Internal', { code: 'fetch-without-manifest' })
  return { manifest: download.manifest, bytes: fetched, ...(await download.files.finish()) }
}

interface Source {
  peer: string
  /** Undefined while the stream opens. */
  client: PieceClient | undefined
  manifestRequested: boolean
  relayed: boolean
  /** Receives no new requests, because a direct connection to the peer has opened. */
  draining: boolean
  /** From the choice of the source until its release. */
  readonly span: Span
  /** Verified while it was a source, as were these bytes. */
  pieces: number
  bytes: number
}

/** `moved`: from a relayed connection to a direct one. `done`: it was a source until the end of the session. */
type SourceOutcome = 'done' | 'busy' | 'failed' | 'violation' | 'moved'

interface Download {
  manifest: ContentManifest
  /** Bytes stored before this session. */
  stored: number
  schedule: Schedule
  files: FileCheck
}

const tooLargeForRelay = (missing: number, limit: number, kept: boolean): Failure =>
  new Failure('TooLargeForRelay', { code: 'too-large-for-relay', missing, limit, kept })

const unavailable = (root: Uint8Array, download: Download | undefined, fetched: number, peers: number): Failure =>
  new Failure('ContentUnavailable', {
    code: 'content-unavailable',
    root: rootToText(root),
    peers,
    ...(download === undefined ? {} : { kept: download.stored + fetched, size: download.manifest.size }),
  })
