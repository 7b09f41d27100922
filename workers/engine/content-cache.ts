import type { CacheMemory } from '../cache/cache-memory.ts'
import { createReadOnlyColdTier } from '../cache/read-only-cold-tier.ts'
import { createTieredCache } from '../cache/tiered-cache.ts'
import type { ContentStore } from '../content/content-store.ts'
import { fromHex, toHex } from '../protocol/ids.ts'
import { type ContentManifest, manifestCodec } from '../protocol/manifest.ts'
import type { Operation } from '../telemetry/operation.ts'

/**
 * Caches reads of package content for people and scripts: manifests, and files that fit into the cache.
 *
 * The content store is the cold tier, so nothing is stored twice. A root identifies its bytes, so cached values never
 * expire; `forget` drops them when the store has lost some of the content. The cache does not answer whether content is
 * present and intact: `has` and `verify` of the content store read the disk.
 */
export interface ContentCache {
  /** Undefined when the store lacks it. The object is shared: callers must not change it. */
  manifest(root: Uint8Array, operation: Operation): Promise<ContentManifest | undefined>
  /**
   * The result of `readFile` if memory has it, synchronously and without an operation; undefined when only `readFile` can
   * tell. Most repeated reads end here, so they cost no span: the cache counts them.
   */
  readFileInMemory(root: Uint8Array, path: string): Uint8Array | undefined
  /** A copy that the caller owns. @throws Failure as `ContentStore.readFile`. */
  readFile(root: Uint8Array, path: string, operation: Operation): Promise<Uint8Array>
  /** Drops content of which a part was deleted, or found damaged or missing. */
  forget(root: Uint8Array): void
  stop(): Promise<void>
}

export interface ContentCacheDependencies {
  memory: CacheMemory<'manifest' | 'file'>
  content: Pick<ContentStore, 'manifest' | 'manifestBytes' | 'readFile'>
}

export const createContentCache = ({ memory, content }: ContentCacheDependencies): ContentCache => {
  const manifestMemory = memory.of<ContentManifest>('manifest')
  const fileMemory = memory.of<Uint8Array>('file')
  const { entryBytes } = fileMemory.limits

  const manifests = createTieredCache({
    memory: manifestMemory,
    cold: createReadOnlyColdTier(async (key) => {
      const root = fromHex(key)
      return root.ok ? content.manifestBytes(root.value) : undefined
    }, manifestMemory.now),
    codec: {
      encode: manifestCodec.encode,
      decode(bytes) {
        const decoded = manifestCodec.decode(bytes)
        return decoded.ok ? decoded.value : undefined
      },
    },
  })

  const files = createTieredCache({
    memory: fileMemory,
    cold: createReadOnlyColdTier(async (key) => {
      const { root, path } = readFileKey(key)
      return root.ok ? content.readFile(root.value, path) : undefined
    }, fileMemory.now),
    codec: { encode: (bytes: Uint8Array) => bytes, decode: (bytes) => bytes },
  })

  /** A file above the entry limit would be copied and then not cached. */
  const fits = async (root: Uint8Array, path: string): Promise<boolean> => {
    const file = (await content.manifest(root))?.files.find((each) => each.path === path)
    return file !== undefined && file.size <= entryBytes
  }

  return {
    manifest: async (root, operation) => (await manifests.get(toHex(root), { operation })).value,

    // Results are transferred to the page, which would detach the cached buffer.
    readFileInMemory: (root, path) => files.getFromMemory(fileKey(root, path))?.value?.slice(),

    async readFile(root, path, operation) {
      const key = fileKey(root, path)
      if (files.peek(key) === undefined && !(await fits(root, path))) return content.readFile(root, path)
      const { value } = await files.get(key, { operation })
      return value === undefined ? content.readFile(root, path) : value.slice()
    },

    forget(root) {
      manifests.dropFromMemory(toHex(root))
      files.dropFromMemory(fileKey(root, ''))
    },

    async stop() {
      await Promise.all([manifests.stop(), files.stop()])
    },
  }
}

const fileKey = (root: Uint8Array, path: string): string => `${toHex(root)}/${path}`

const readFileKey = (key: string): { root: ReturnType<typeof fromHex>; path: string } => {
  const end = key.indexOf('/')
  return { root: fromHex(key.slice(0, end)), path: key.slice(end + 1) }
}
