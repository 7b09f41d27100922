import { Failure, isFailure } from '../contract/failures.ts'
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
  /** What the signed release says; a manifest that says otherwise is refused before any piece is fetched. */
  expected?: ExpectedContent
  onProgress?(progress: FetchProgress): void
  limits?: Partial<FetchLimits>
}

export interface FetchResult {
  manifest: ContentManifest
  /** Fetched now, without what was here before. */
  bytes: number
  sources: number
}

/**
 * Times that content is completed anew when stored pieces turn out to be damaged: once mends it, and what is damaged
 * again after that is a broken disk.
 */
const maxRounds = 2

/**
 * Brings the content of a root here, from several peers at once.
 *
 * Guarantees: resolves only when every piece is stored and every file has the SHA-256 that its manifest says; what is
 * stored on the way are checked pieces and nothing else, so that a fetch that failed, was cancelled or was cut off by
 * a reload goes on where it stopped; leaves no timer, stream or search behind. Not guaranteed: that it survives a power
 * cut before the caller's next strict write.
 *
 * @throws Failure `Cancelled`; `ContentUnavailable` (nobody has the rest, what is kept is named); `TooLargeForRelay` (it is
 * reached through relays only, and they do not carry that much); `FileInvalid` (the
 * publisher's own manifest is wrong, nothing is kept; or it is not what is expected); `RecordMalformed` and the like (so is the manifest itself);
 * `QuotaExceeded`, `StorageUnavailable`.
 */
export const fetchContent = async (
  root: Uint8Array,
  deps: FetchDependencies,
  { operation, expected, onProgress = () => {}, limits }: FetchOptions,
): Promise<FetchResult> => {
  const { content } = deps
  const by = new Set<string>()
  let fetched = 0
  for (let round = 0; ; round += 1) {
    throwIfCancelled(operation.signal)
    const gathered = await operation.run('content.fetch', (session) =>
      runFetchSession(root, deps, {
        limits: { ...fetchLimits, ...limits },
        operation: session,
        expected,
        onProgress,
        sources: by,
      }),
    )
    const { manifest, damaged, unchecked } = gathered
    fetched += gathered.bytes
    onProgress({ state: 'verifying', bytes: manifest.size, totalBytes: manifest.size, sources: by.size })
    try {
      await operation.run('content.verify', async ({ signal }) => {
        const wrong = damaged[0]
        if (wrong !== undefined) throw fileInvalid(wrong)
        for (const path of unchecked) {
          throwIfCancelled(signal)
          await content.readFile(root, path)
        }
      })
      return { manifest, bytes: fetched, sources: by.size }
    } catch (thrown) {
      // No peer can help: these are the bytes that the root names.
      if (isFailure(thrown, 'FileInvalid')) await content.remove(root)
      // A piece from an earlier run was damaged on the disk; it is removed now, so that it is missing in the next round.
      if (!isFailure(thrown, 'ContentUnavailable') || round >= maxRounds) throw thrown
    }
  }
}

const throwIfCancelled = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted === true) throw new Failure('Cancelled', { code: 'fetch-cancelled' })
}

const fileInvalid = (path: string): Failure => new Failure('FileInvalid', { code: 'fetched-file-mismatch', path })
