import { Failure, isFailure } from '../contract/failures.ts'
import { rootToText } from '../protocol/ids.ts'
import type { ContentManifest } from '../protocol/manifest.ts'
import type { Operation } from '../telemetry/operation.ts'
import {
  type ExpectedContent,
  type FetchDependencies,
  type FetchLimits,
  type FetchProgress,
  fetchLimits,
} from './fetch-options.ts'
import { runFetchSession } from './fetch-session.ts'

export interface FetchOptions {
  operation: Operation
  /** Values from the signed release; a manifest that differs is refused before any piece is fetched. */
  expected?: ExpectedContent
  onProgress?(progress: FetchProgress): void
  limits?: Partial<FetchLimits>
}

export interface FetchResult {
  manifest: ContentManifest
  /** Bytes fetched by this call, excluding pieces that were already stored. */
  bytes: number
  sources: number
}

/**
 * Maximum refetches after stored pieces turn out to be damaged. One refetch repairs them; further damage means a broken
 * disk.
 */
const maxRefetches = 2

/**
 * Fetches the content of a root from several peers in parallel.
 *
 * Guarantees: resolves only when every piece is stored and every file matches the SHA-256 in its manifest. Stores only
 * verified pieces, so a fetch that failed, was cancelled or was interrupted by a reload resumes where it stopped.
 * Leaves no timer, stream or search behind. Not guaranteed: durability across a power cut before the caller's next
 * strict write.
 *
 * @throws Failure `Cancelled`; `ContentUnavailable` (no provider has the missing pieces; reports the bytes kept);
 * `TooLargeForRelay` (all providers are relayed and the missing bytes exceed what a relay carries); `FileInvalid` (the
 * publisher's manifest is wrong, and nothing is kept; or it differs from `expected`); `RecordMalformed` and other
 * record failures (the manifest is invalid); `QuotaExceeded`, `StorageUnavailable`.
 */
export const fetchContent = async (
  root: Uint8Array,
  deps: FetchDependencies,
  { operation, expected, onProgress = () => {}, limits }: FetchOptions,
): Promise<FetchResult> => {
  const { content } = deps
  const sources = new Set<string>()
  let fetched = 0
  for (let round = 0; ; round += 1) {
    throwIfCancelled(operation.signal)
    const result = await operation.run(
      'fetch',
      (session) =>
        runFetchSession(root, deps, {
          limits: { ...fetchLimits, ...limits },
          operation: session,
          expected,
          onProgress,
          sources,
        }),
      { root: rootToText(root), ...(round === 0 ? {} : { round }) },
    )
    const { manifest, damaged, unchecked } = result
    fetched += result.bytes
    onProgress({ state: 'verifying', bytes: manifest.size, totalBytes: manifest.size, sources: sources.size })
    try {
      const verify = async ({ signal }: Operation): Promise<void> => {
        const [damagedPath] = damaged
        if (damagedPath !== undefined) throw fileInvalid(damagedPath)
        for (const path of unchecked) {
          throwIfCancelled(signal)
          await content.readFile(root, path)
        }
      }
      // Files are hashed as their pieces arrive, so it reads only those of which pieces were stored before.
      await operation.run('verify', verify, { files: manifest.files.length, read_again: unchecked.length })
      return { manifest, bytes: fetched, sources: sources.size }
    } catch (thrown) {
      // No peer can supply other bytes: these are the ones that the root commits to.
      if (isFailure(thrown, 'FileInvalid')) await content.remove(root)
      // A piece stored by an earlier fetch was damaged on disk. Reading it removed it, so the next round fetches it
      // again.
      if (!isFailure(thrown, 'ContentUnavailable') || round >= maxRefetches) throw thrown
    }
  }
}

const throwIfCancelled = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted === true) throw new Failure('Cancelled', { code: 'fetch-cancelled' })
}

const fileInvalid = (path: string): Failure => new Failure('FileInvalid', { code: 'fetched-file-mismatch', path })
