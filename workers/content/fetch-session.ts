import { Failure, toFailure } from '../contract/failures.ts'
import { rootToText } from '../protocol/ids.ts'
import { type ContentManifest, pieceLength } from '../protocol/manifest.ts'
import type { Operation } from '../telemetry/operation.ts'
import {
  assertExpected,
  type ExpectedContent,
  type FetchDependencies,
  type FetchLimits,
  type FetchProgress,
} from './fetch-options.ts'
import type { FileCheck, FileCheckResult } from './file-check.ts'
import { openWithin } from './open-within.ts'
import { createPieceClient, type PieceAnswer, type PieceClient } from './piece-client.ts'
import { createPieceWriter } from './piece-writer.ts'
import { createProviderSearch } from './provider-search.ts'
import { createProviderStates } from './provider-states.ts'
import { createSchedule, type Schedule } from './schedule.ts'

/**
 * One run of a fetch: brings the manifest and every missing piece of a root into the store, and hashes the files while
 * their pieces pass by. Sources come and go; the run ends when nothing is missing, or with a failure.
 */
export interface FetchSessionOptions {
  limits: FetchLimits
  operation: Operation
  expected: ExpectedContent | undefined
  onProgress(progress: FetchProgress): void
  /** Peers that brought at least one piece; added to. */
  sources: Set<string>
}

export interface FetchSessionResult extends FileCheckResult {
  manifest: ContentManifest
  /** Fetched in this run. */
  bytes: number
}

/** How often the run looks for what nothing else would tell it, ms: overdue pieces, rested peers, nobody to ask. */
const tickMs = 250

/** Checked bytes that may wait for the disk before no more is asked for: four batches. */
const maxBacklogBytes = 8 * 1024 * 1024

/** Without progress for this long, more providers are looked for although some are connected, ms. */
const unsatisfiedMs = 5_000

/** Pieces asked of a source at a time that is reached through a relay: other streams share its connection. */
const relayedWindow = 2

/** Peers that are connected at least, also where one piece is left: the second one hedges against a slow first. */
const minSources = 2

export const runFetchSession = async (
  root: Uint8Array,
  deps: FetchDependencies,
  { limits, operation, expected, onProgress, sources: brought }: FetchSessionOptions,
): Promise<FetchSessionResult> => {
  const { content, now, report } = deps
  const { signal } = operation
  const { meter, logger } = deps.telemetry
  const log = logger('content')
  const received = meter.createCounter('ggen.piece.received', {
    unit: 'By',
    description: 'Bytes of verified pieces received from peers',
  })
  const outcome = Promise.withResolvers<void>()
  // It can fail before it is awaited.
  outcome.promise.catch(() => {})
  const ended = new AbortController()
  /** The same work until the run ends, by whatever. */
  const running = operation.detached(ended.signal)
  const candidates = createProviderStates(limits.restMs, now)
  const active = new Map<string, Source>()
  /** What is fetched; undefined until the manifest is here. */
  let begun: Begun | undefined
  /** Pieces that are being hashed. */
  let checking = 0
  let fetched = 0
  let progressAt = now()
  /** Time without anybody to ask since the last progress, ms. */
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
      candidates.add(peer)
      pump()
    },
    ended.signal,
    now,
  )

  const progress = (): void =>
    onProgress({
      state: begun === undefined ? 'finding' : 'fetching',
      bytes: (begun?.held ?? 0) + fetched,
      totalBytes: begun?.manifest.size ?? 0,
      sources: brought.size,
      ...(isRelayedOnly() ? { relayed: true } : {}),
    })

  const opened = (): Source[] => [...active.values()].filter(({ client }) => client !== undefined)

  const isRelayedOnly = (): boolean => opened().length > 0 && opened().every(({ relayed }) => relayed)

  /** What is missing (bytes), as far as it is known. */
  const missingBytes = (): number =>
    begun === undefined ? (expected?.size ?? 0) : begun.manifest.size - begun.held - fetched

  /** Bytes that may come through a relay are few; what is too many waits for a direct connection, or fails. */
  const fitsRelay = (): boolean => missingBytes() <= (deps.relayed?.maxBytes ?? Number.POSITIVE_INFINITY)

  const begin = (manifest: ContentManifest, missing: readonly number[]): void => {
    assertExpected(manifest, expected)
    const missingBytes = missing.reduce((sum, piece) => sum + pieceLength(manifest, piece), 0)
    begun = {
      manifest,
      held: manifest.size - missingBytes,
      schedule: createSchedule(missing, now),
      files: content.checkFiles(manifest, new Set(missing)),
    }
    progress()
  }

  const madeProgress = (peer: string): void => {
    progressAt = now()
    starvedMs = 0
    search.reset()
    candidates.praise(peer)
  }

  const release = (source: Source): void => {
    if (active.get(source.peer) !== source) return
    active.delete(source.peer)
    begun?.schedule.lost(source.peer)
    source.client?.close()
  }

  /** A source that cannot go on. Only the first reason counts. */
  const drop = (source: Source, how: 'failed' | 'rest', reason: string): void => {
    if (ended.signal.aborted || active.get(source.peer) !== source) return
    log.debug('source dropped', { peer: source.peer, how, reason })
    release(source)
    candidates.rest(source.peer, how === 'rest' ? 'busy' : 'failed')
    if (how === 'failed') report(source.peer, { kind: 'failed', reason })
    pump()
  }

  /** A source that lied, also when that comes out after it has gone, or has come again. */
  const expel = (peer: string, reason: string): void => {
    if (ended.signal.aborted) return
    log.debug('source banned', { peer, reason })
    if (candidates.ban(peer)) report(peer, { kind: 'violation', reason })
    const source = active.get(peer)
    if (source !== undefined) release(source)
    pump()
  }

  const lose = (source: Source, thrown: unknown): void => {
    const { name, reason } = toFailure(thrown)
    // A relay ends connections that have carried enough: the peer is not to blame, and another connection is made.
    if (name !== 'RecordMalformed') drop(source, source.relayed ? 'rest' : 'failed', reason.code)
    else expel(source.peer, reason.code)
  }

  const askManifest = async (source: Source, client: PieceClient): Promise<void> => {
    source.askedManifest = true
    const answer = await client.manifest(root).catch((thrown: unknown) => lose(source, thrown))
    if (answer === undefined || begun !== undefined || ended.signal.aborted) return
    if (answer.status === 'refused') drop(source, 'rest', '')
    else if (answer.status === 'absent') drop(source, 'failed', 'content absent')
    else await takeManifest(source, answer.bytes).catch(fail)
  }

  const takeManifest = async (source: Source, bytes: Uint8Array): Promise<void> => {
    const manifest = await content.putManifest(root, bytes)
    if (!manifest.ok && manifest.name === 'PieceInvalid') return expel(source.peer, manifest.message)
    if (!manifest.ok) throw new Failure(manifest.name, { code: 'record-refused', detail: manifest.message })
    const missing = await content.missingPieces(root)
    if (missing === undefined || begun !== undefined || ended.signal.aborted) return
    madeProgress(source.peer)
    begin(manifest.value, missing)
    pump()
  }

  const askPieces = (source: Source, client: PieceClient, { manifest, schedule }: Begun): void => {
    const mayAsk = !source.relayed || (!source.leaving && fitsRelay())
    const hasRoom = mayAsk && writer.backlog < maxBacklogBytes && active.get(source.peer) === source
    const pieces = hasRoom ? schedule.next(source.peer, source.relayed ? relayedWindow : undefined) : []
    if (pieces.length > 0) {
      const wanted = pieces.map((piece) => ({ piece, size: pieceLength(manifest, piece) }))
      for (const [at, answer] of client.pieces(root, wanted).entries()) {
        answer.then(
          (given) => takeAnswer(source, client, pieces[at] ?? 0, given),
          (thrown: unknown) => lose(source, thrown),
        )
      }
    }
    if (schedule.left > 0 && schedule.isUseless(source.peer)) drop(source, 'failed', 'remaining pieces absent')
  }

  const takeAnswer = (source: Source, client: PieceClient, piece: number, answer: PieceAnswer): void => {
    if (begun === undefined || ended.signal.aborted || active.get(source.peer) !== source) return
    if (answer.status === 'refused') {
      drop(source, 'rest', '')
      return
    }
    if (answer.status === 'absent') begun.schedule.absent(source.peer, piece)
    else {
      const { first, ms } = begun.schedule.arrived(source.peer, piece)
      if (first) check(source.peer, piece, answer.bytes, ms, begun).catch(fail)
    }
    // The next piece is asked for before this one is hashed.
    if (!changesPath(source)) askPieces(source, client, begun)
  }

  const check = async (
    peer: string,
    piece: number,
    bytes: Uint8Array,
    ms: number,
    { manifest, schedule, files }: Begun,
  ): Promise<void> => {
    checking += 1
    const checked = await content.checkPiece(manifest, piece, bytes)
    checking -= 1
    if (ended.signal.aborted) return
    if (checked === undefined) {
      schedule.rejected(piece)
      expel(peer, `Piece ${piece} that it sent has another hash.`)
      return
    }
    files.add(piece, bytes)
    writer.add(checked)
    fetched += bytes.length
    brought.add(peer)
    received.add(bytes.length)
    report(peer, { kind: 'piece', bytes: bytes.length, ms })
    madeProgress(peer)
    progress()
    if (schedule.left === 0) pump()
  }

  const open = async (peer: string): Promise<void> => {
    const source: Source = { peer, client: undefined, askedManifest: false, relayed: false, leaving: false }
    candidates.use(peer)
    active.set(peer, source)
    try {
      const bytes = Math.min(missingBytes(), deps.relayed?.maxBytes ?? 0)
      const stream = await openWithin(limits.openTimeoutMs, running, (opening) => deps.openStream(peer, opening, bytes))
      source.relayed = deps.relayed?.isRelayed(stream) ?? false
      const relayed = opened().filter((each) => each.relayed).length
      source.client = createPieceClient(stream, limits)
      log.debug('source chosen', { root: rootToText(root), peer, relayed: source.relayed })
      if (source.relayed && relayed >= limits.maxRelayedSources) drop(source, 'rest', '')
      else pump()
      progress()
    } catch (thrown) {
      lose(source, thrown)
    }
  }

  /** Does whatever can be done now. Called whenever something happened, and by the tick. */
  const pump = (): void => {
    if (ended.signal.aborted) return
    if (begun !== undefined && begun.schedule.left === 0 && checking === 0) {
      outcome.resolve()
      return
    }
    const wanted = Math.min(limits.maxSources, Math.max(minSources, begun?.schedule.left ?? 0))
    if (active.size < wanted) {
      const ready = candidates.ready()
      const ranked = deps.rank?.(ready) ?? ready
      for (const peer of ranked.slice(0, wanted - active.size)) void open(peer)
    }
    for (const source of [...active.values()]) {
      if (source.client === undefined || changesPath(source)) continue
      if (begun !== undefined) askPieces(source, source.client, begun)
      else if (!source.askedManifest) void askManifest(source, source.client)
    }
    if (active.size === 0 || isRelayedOnly() || now() - progressAt > unsatisfiedMs) search.look()
  }

  /** A peer to which a direct connection has come is left and taken up again on that, once nothing of it is on its way. */
  const changesPath = (source: Source): boolean => {
    if (!source.relayed || deps.relayed?.directPath(source.peer) !== 'open') return false
    source.leaving = true
    if (begun?.schedule.isIdle(source.peer) === false) return false
    release(source)
    void open(source.peer)
    return true
  }

  /** Every peer that could be asked is reached through a relay, which does not carry that much. */
  const isTooLargeForRelay = (): boolean => {
    if (fitsRelay() || !isRelayedOnly()) return false
    const isTried =
      search.hasEnded() && candidates.hopeful().every((peer) => deps.relayed?.directPath(peer) === 'failed')
    return isTried || now() - progressAt > limits.waitForProvidersMs
  }

  const tick = (): void => {
    const at = now()
    if (active.size === 0) starvedMs += at - tickedAt
    tickedAt = at
    if (isTooLargeForRelay())
      fail(tooLargeForRelay(missingBytes(), deps.relayed?.maxBytes ?? 0, (begun?.held ?? 0) + fetched > 0))
    else if (starvedMs < limits.waitForProvidersMs) pump()
    else fail(unavailable(root, begun, fetched, candidates.size))
  }

  const cancel = (): void => fail(new Failure('Cancelled', { code: 'fetch-cancelled' }))
  signal.addEventListener('abort', cancel, { once: true })
  const ticking = setInterval(tick, tickMs)
  try {
    const missing = await content.missingPieces(root)
    const manifest = missing === undefined ? undefined : await content.manifest(root)
    if (missing !== undefined && manifest !== undefined) begin(manifest, missing)
    else progress()
    if (signal.aborted) cancel()
    pump()
    await outcome.promise
    await writer.close()
  } finally {
    ended.abort()
    clearInterval(ticking)
    signal.removeEventListener('abort', cancel)
    for (const source of [...active.values()]) release(source)
    // On the way out of a failure too: what was checked is kept for the next attempt.
    await writer.close().catch(() => {})
  }
  if (begun === undefined) throw new Failure('Internal', { code: 'fetch-without-manifest' })
  return { manifest: begun.manifest, bytes: fetched, ...(await begun.files.finish()) }
}

interface Source {
  peer: string
  /** Undefined while the stream is being opened. */
  client: PieceClient | undefined
  askedManifest: boolean
  /** It is reached through a relay. */
  relayed: boolean
  /** It is asked for nothing more: a direct connection to it has come. */
  leaving: boolean
}

interface Begun {
  manifest: ContentManifest
  /** Bytes that were here before this run. */
  held: number
  schedule: Schedule
  files: FileCheck
}

const tooLargeForRelay = (missing: number, limit: number, kept: boolean): Failure =>
  new Failure('TooLargeForRelay', { code: 'too-large-for-relay', missing, limit, kept })

const unavailable = (root: Uint8Array, begun: Begun | undefined, fetched: number, peers: number): Failure =>
  new Failure('ContentUnavailable', {
    code: 'content-unavailable',
    root: rootToText(root),
    peers,
    ...(begun === undefined ? {} : { kept: begun.held + fetched, size: begun.manifest.size }),
  })
