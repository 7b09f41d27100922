import type { CacheMemory } from '../cache/cache-memory.ts'
import { createReadOnlyColdTier } from '../cache/read-only-cold-tier.ts'
import { createTieredCache } from '../cache/tiered-cache.ts'
import type { ContentStore } from '../content/content-store.ts'
import { fromHex, toHex } from '../protocol/ids.ts'
import { type ContentManifest, manifestCodec } from '../protocol/manifest.ts'
import type { Operation } from '../telemetry/operation.ts'

/**
 * Reads of what packages consist of, for people and scripts: manifests, and files that fit into the cache.
 *
 * The content store is the cold tier, so nothing is stored twice. A root names its bytes for good, so nothing here is
 * ever out of date; it is forgotten when the store has lost some of it (`forget`). Whether content is here, and whole, is
 * for the content store to say: `has` and `verify` read the disk.
 */
export interface ContentCache {
  /** Undefined when it is not here. Shared: callers do not change it. */
  manifest(root: Uint8Array, operation: Operation): Promise<ContentManifest | undefined>
  /** The caller's own bytes. @throws what `ContentStore.readFile` throws. */
  readFile(root: Uint8Array, path: string, operation: Operation): Promise<Uint8Array>
  /** Something of this content was deleted, or found to be damaged or missing. */
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

  /** A larger file would be handed out and not kept, and copied for nothing. */
  const fits = async (root: Uint8Array, path: string): Promise<boolean> => {
    const file = (await content.manifest(root))?.files.find((each) => each.path === path)
    return file !== undefined && file.size <= entryBytes
  }

  return {
    manifest: async (root, operation) => (await manifests.get(toHex(root), { operation })).value,

    async readFile(root, path, operation) {
      const key = fileKey(root, path)
      if (files.peek(key) === undefined && !(await fits(root, path))) return content.readFile(root, path)
      const { value } = await files.get(key, { operation })
      // Bytes that leave the worker are transferred, which would empty those that are kept.
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
