import * as v from 'valibot'
import type { LibraryEntry } from '../contract/views.ts'
import { createCodec } from '../protocol/codec.ts'
import { integer, line, packageIdField, shortList, slug, timestamp, version } from '../protocol/fields.ts'
import { textToRoot } from '../protocol/ids.ts'
import {
  MANIFEST_MAX_BYTES,
  MAX_DISPLAY_NAME_CHARACTERS,
  MAX_FILES,
  MAX_PACKAGE_BYTES,
  MAX_PUBLISHER_NAME_CHARACTERS,
} from '../protocol/limits.ts'
import { validatePath } from '../protocol/paths.ts'
import { presentableLine, presentableTime } from '../protocol/presentable.ts'
import type { Change, Store } from '../store/store.ts'
import { createStoredRecords } from './stored-records.ts'

/**
 * The installed packages. An entry names a content and lists its files; the bytes are in the content store and are
 * verified on every read.
 */
export interface Library {
  /** Entries that do not decode are skipped and counted, not deleted. */
  load(): Promise<{ dropped: number }>
  /** Entries to display, with every field within the bounds that all views can render. */
  list(): readonly LibraryEntry[]
  get(id: string, version: string): LibraryEntry | undefined
  /**
   * Durable when it resolves. Adding an existing entry keeps its first install time, and an entry that a person asked
   * for never becomes a mere dependency.
   * @throws Failure `InvalidArgument` for an entry that does not encode; storage failures.
   */
  add(entry: LibraryEntry): Promise<void>
  /** Durable when it resolves, together with `others`. Returns false if it was not installed. */
  remove(id: string, version: string, others?: readonly Change[]): Promise<boolean>
  /** Increases with every change. */
  revision(): number
}

interface StoredEntry {
  readonly v: 1
  readonly entry: LibraryEntry
}

export const createLibrary = ({ store }: { readonly store: Store }): Library => {
  const records = createStoredRecords<StoredEntry>(store, {
    table: 'library',
    codec: libraryCodec,
    keyOf: ({ entry }) => keyOf(entry.id, entry.version),
  })
  let revision = 0
  return {
    async load() {
      const report = await records.load()
      revision += 1
      return report
    },
    list: () => records.list().map(({ entry }) => presentable(entry)),
    get: (id, wanted) => records.get(keyOf(id, wanted))?.entry,
    async add(entry) {
      const before = records.get(keyOf(entry.id, entry.version))?.entry
      await records.put({
        v: 1,
        entry:
          before === undefined
            ? entry
            : { ...entry, installedAt: before.installedAt, asDependency: before.asDependency && entry.asDependency },
      })
      revision += 1
    },
    async remove(id, wanted, others) {
      const removed = await records.remove(keyOf(id, wanted), others)
      revision += 1
      return removed
    },
    revision: () => revision,
  }
}

const presentable = (entry: LibraryEntry): LibraryEntry => ({
  ...entry,
  displayName: presentableLine(entry.displayName, entry.slug),
  publisherName: presentableLine(entry.publisherName, 'unnamed'),
  installedAt: presentableTime(entry.installedAt),
})

/** No package id contains an `@`. */
const keyOf = (id: string, wanted: string): string => `${id}@${wanted}`

/** Twice the size of a manifest: an entry repeats the paths and encodes the hashes as text. */
const libraryEntryMaxBytes = 2 * MANIFEST_MAX_BYTES

/** A file takes seven CBOR items, the rest of the entry about thirty. */
const libraryEntryMaxItems = 8 * MAX_FILES

const libraryFile = v.strictObject({
  path: v.pipe(
    v.string(),
    v.check((path) => validatePath(path).ok, 'a safe path is expected'),
  ),
  size: integer(0, MAX_PACKAGE_BYTES),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
})

const libraryCodec = createCodec<StoredEntry>({
  name: 'library entry',
  version: 1,
  maxBytes: libraryEntryMaxBytes,
  maxItems: libraryEntryMaxItems,
  schema: v.strictObject({
    v: v.literal(1),
    entry: v.strictObject({
      id: packageIdField,
      slug,
      version,
      displayName: line(1, MAX_DISPLAY_NAME_CHARACTERS),
      publisherName: line(1, MAX_PUBLISHER_NAME_CHARACTERS),
      root: v.pipe(
        v.string(),
        v.check((root) => textToRoot(root).ok, 'a content id is expected'),
      ),
      size: integer(0, MAX_PACKAGE_BYTES),
      installedAt: timestamp,
      asDependency: v.boolean(),
      files: shortList(libraryFile, 0, MAX_FILES),
    }),
  }),
})
