import type { ContentStore } from '../content/content-store.ts'
import { Failure } from '../contract/failures.ts'
import { shownVersion } from '../registry/package-views.ts'
import type { Registry } from '../registry/registry.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Installs } from './installs.ts'
import type { ProviderCounts } from './provider-counts.ts'

/** Content of this size or less is fetched for a preview, so that its README and files show (bytes). */
const previewMaxBytes = 2_000_000

/** A preview that no peer sends is given up after this time (ms); asking again tries again. */
const previewTimeoutMs = 20_000

export interface PreviewDependencies {
  registry: Pick<Registry, 'get'>
  content: Pick<ContentStore, 'has'>
  installs: Pick<Installs, 'ensure'>
  providers: Pick<ProviderCounts, 'refresh'>
  /** The files of the package came. */
  onFiles(id: string): void
}

/**
 * Brings what the page of a package shows beyond its records: its files, where they are few bytes, and the number of its
 * providers. Resolves when both are known or given up; a read afterwards finds them.
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
    // Nobody sends them now: the page says that the files are not here.
    await Promise.all([fetchFiles().catch(() => {}), providers.refresh(id, release.root)])
  }
