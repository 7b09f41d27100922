import type { ContentStore } from '../content/content-store.ts'
import { Failure } from '../contract/failures.ts'
import { shownVersion } from '../registry/package-views.ts'
import type { Registry } from '../registry/registry.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Installs } from './installs.ts'
import type { ProviderCounts } from './provider-counts.ts'

/** Largest content fetched for a preview, to show its README and files (bytes). */
const previewMaxBytes = 2_000_000

/** Timeout of a preview (ms); the next call tries again. */
const previewTimeoutMs = 20_000

export interface PreviewDependencies {
  registry: Pick<Registry, 'get'>
  content: Pick<ContentStore, 'has'>
  installs: Pick<Installs, 'ensure'>
  providers: Pick<ProviderCounts, 'refresh'>
  /** Called when the files of a package have arrived. */
  onFiles(id: string): void
}

/**
 * Fetches what the page of a package shows beyond its records: the files of a small package, and the number of its
 * providers. Resolves when both are known or have failed; later reads find them.
 * @throws Failure `PackageNotFound`.
 */
export const createPreview =
  ({ registry, content, installs, providers, onFiles }: PreviewDependencies) =>
  async (id: string, operation: Operation): Promise<void> => {
    const found = registry.get(id)
    const release = found === undefined ? undefined : shownVersion(found)?.release?.release
    if (release === undefined)
      throw new Failure('PackageNotFound', { code: 'not-in-catalogue', spec: id, namesakes: [], more: 0 })

    const fetchFiles = async (): Promise<void> => {
      if (release.size > previewMaxBytes || (await content.has(release.root))) return
      await installs.ensure(release, operation.withTimeout(previewTimeoutMs))
      onFiles(id)
    }
    // On failure the page shows that the files are not on this device.
    await Promise.all([fetchFiles().catch(() => {}), providers.refresh(id, release.root)])
  }
