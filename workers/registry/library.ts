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
 * The packages that a person has installed. An entry names its content and says what it holds; the bytes are in the
 * content store, and are checked when they are read.
 */
export interface Library {
  /** Entries that do not decode are left out and counted. Nothing is deleted. */
  load(): Promise<{ dropped: number }>
  /** As they are shown: whatever a stored entry says, within the bounds that every view can draw. */
  list(): readonly LibraryEntry[]
  get(id: string, version: string): LibraryEntry | undefined
  /**
   * Durable when it resolves. Adding what is there keeps when it was first installed, and an entry that was installed
   * for its own sake stays so.
   * @throws Failure `InvalidArgument` for an entry that could not be read again; storage failures.
   */
  add(entry: LibraryEntry): Promise<void>
  /** Durable when it resolves, together with `others`. False when it was not installed. */
  remove(id: string, version: string, others?: readonly Change[]): Promise<boolean>
  /** Counts up with every change. */
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

/** No package id holds an `@`. */
const keyOf = (id: string, wanted: string): string => `${id}@${wanted}`

/** Twice a manifest: it repeats the paths and has hashes as text. */
const libraryEntryMaxBytes = 2 * MANIFEST_MAX_BYTES

/** A file has seven items, the entry about thirty. */
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
