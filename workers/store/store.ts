/**
 * Where the engine keeps bytes. Two implementations, IndexedDB and memory, pass one compliance suite.
 *
 * Guarantees: a `write` is applied whole or not at all; a write with `durability: 'strict'` has reached the disk when
 * its promise resolves. Not guaranteed: that what is read is what was written (a person can edit a browser's storage),
 * so every reader decodes and checks what it gets.
 */

/** One kind of record each; keys within a table are unique strings. */
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
  /** Installs that were begun and not ended. Key: transfer id. */
  'transfers',
  /** Own changes that still have to go out. Key: package id, or `identity`. */
  'outbox',
  /** What is known of peers after a restart. Key: peer id; `reputation/<peer id>` for workers/peers. */
  'peers',
  /** What was looked up lately, and can be looked up again. Key: see workers/cache/cold-tier.ts. */
  'cache',
] as const

export type TableName = (typeof tableNames)[number]

export type Change =
  | { table: TableName; key: string; value: Uint8Array }
  /** Deletes the key. */
  | { table: TableName; key: string; value: undefined }

export interface WriteOptions {
  /** `strict` waits until the bytes are on disk; `relaxed` (the default) until the browser has them. */
  durability?: 'strict' | 'relaxed'
}

export interface Store {
  /** False when what is stored ends with this engine. */
  readonly persistent: boolean
  get(table: TableName, key: string): Promise<Uint8Array | undefined>
  /** Values in the order of `keys`; undefined where there is none. */
  getMany(table: TableName, keys: readonly string[]): Promise<(Uint8Array | undefined)[]>
  /** Keys that start with `prefix`, in order of their UTF-16 code units. */
  keys(table: TableName, prefix?: string): Promise<string[]>
  /** Entries whose keys start with `prefix`, in order of keys. */
  entries(table: TableName, prefix?: string): Promise<[key: string, value: Uint8Array][]>
  /**
   * Applies all changes or none.
   * @throws Failure `QuotaExceeded` when the disk or quota is full, `StorageUnavailable` when the database is gone.
   */
  write(changes: readonly Change[], options?: WriteOptions): Promise<void>
  /** Ends the use of the store; later calls reject with `StorageUnavailable`. */
  close(): Promise<void>
}
