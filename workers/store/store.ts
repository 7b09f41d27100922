/**
 * The engine's storage of bytes. Both implementations, IndexedDB and memory, pass one compliance suite.
 *
 * Guarantees that a `write` is atomic and that a write with `durability: 'strict'` is on disk when its promise resolves.
 * Does not guarantee the integrity of stored bytes, since a person can edit a browser's storage: every reader decodes and
 * verifies them.
 */

/** Tables, each with one kind of record; keys within a table are unique strings. */
export const tableNames = [
  /** Private keys of this profile and the chain they sign for. Key: `node`, `signing`, `rotation`, `identity`. */
  'keys',
  /** Small settings. Key: setting name. */
  'settings',
  /** Identity chains. Key: publisher id. */
  'identities',
  /** Signed heads. Key: package id. */
  'heads',
  /** Signed releases. Key: release hash, hex. */
  'releases',
  /** Head pages. Key: page hash, hex. */
  'pages',
  /** Signed records of unknown kinds. Key: `<publisher id>/<kind>/<subject>`, or `//<hash, hex>` for the last part. */
  'records',
  /** Content manifests. Key: root, hex. */
  'manifests',
  /** Pieces. Key: `<root hex>/<piece number, 6 digits>`. */
  'pieces',
  /** Installed packages. Key: `<package id>@<version>`. */
  'library',
  /** Unfinished installs. Key: transfer id. */
  'transfers',
  /** Own records that are not yet published. Key: package id, or `identity`. */
  'outbox',
  /** Known peers and their reputation. Key: peer id; `reputation/<peer id>` for workers/peers. */
  'peers',
  /** Recent lookups, which can be repeated. Key: see workers/cache/cold-tier.ts. */
  'cache',
] as const

export type TableName = (typeof tableNames)[number]

export type Change =
  | { table: TableName; key: string; value: Uint8Array }
  /** Deletes the key. */
  | { table: TableName; key: string; value: undefined }

export interface WriteOptions {
  /** `strict` waits until the bytes are on disk, `relaxed` (the default) until the browser has them. */
  durability?: 'strict' | 'relaxed'
}

export interface Store {
  /** False if the contents are lost with this engine. */
  readonly persistent: boolean
  get(table: TableName, key: string): Promise<Uint8Array | undefined>
  /** Values in the order of `keys`; undefined for missing ones. */
  getMany(table: TableName, keys: readonly string[]): Promise<(Uint8Array | undefined)[]>
  /** Keys with `prefix`, in the order of UTF-16 code units. */
  keys(table: TableName, prefix?: string): Promise<string[]>
  /** Entries whose keys have `prefix`, in key order. */
  entries(table: TableName, prefix?: string): Promise<[key: string, value: Uint8Array][]>
  /**
   * Applies all changes or none.
   * @throws Failure `QuotaExceeded` if the disk or quota is full, `StorageUnavailable` if the database was closed.
   */
  write(changes: readonly Change[], options?: WriteOptions): Promise<void>
  /** Closes the store; later calls reject with `StorageUnavailable`. */
  close(): Promise<void>
}
