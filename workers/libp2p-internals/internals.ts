/**
 * Typed access to the internals of a library.
 *
 * All access beyond the public interface of libp2p and its modules lives in this folder, one file per library. The first
 * access to an object checks every part that the file uses, so that a version with changed internals fails with a named
 * error when the node is created, instead of silently disabling features.
 */

/** The versions that this folder supports; those of `package.json`. */
export const pinnedVersions = {
  libp2p: '3.3.11',
  '@libp2p/circuit-relay-v2': '4.2.13',
  '@libp2p/gossipsub': '17.1.1',
  '@libp2p/kad-dht': '16.4.5',
  '@libp2p/webrtc': '6.0.33',
  '@libp2p/websockets': '10.1.21',
  '@libp2p/yamux': '8.0.3',
} as const

export type Library = keyof typeof pinnedVersions

/** A library lacks an internal part that this project depends on. */
export class InternalsChanged extends Error {
  override name = 'InternalsChanged'
  readonly library: Library
  /** Path of the missing part. */
  readonly missing: string

  constructor(library: Library, missing: string, kind: PartKind) {
    const version = pinnedVersions[library]
    super(
      `${library} has no ${kind} ${missing}, unlike version ${version}: adapt workers/libp2p-internals or pin ${version}.`,
    )
    this.library = library
    this.missing = missing
  }
}

export type PartKind = 'function' | 'Map' | 'number' | 'object' | 'string'

/** The type of each part by its path from the object: `{ 'rpc.handleMessage': 'function' }`. */
export type Parts = Readonly<Record<string, PartKind>>

/**
 * Creates a function that checks all parts of its argument and returns it as `Internals`, whose members must all be in
 * `parts`.
 * @throws InternalsChanged
 */
export const internalsOf = <Internals>(library: Library, parts: Parts): ((owner: object) => Internals) => {
  const checked = new WeakSet<object>()
  return (owner) => {
    if (!checked.has(owner)) {
      for (const [path, kind] of Object.entries(parts))
        if (!isKind(partAt(owner, path), kind)) throw new InternalsChanged(library, path, kind)
      checked.add(owner)
    }
    return owner as Internals
  }
}

const partAt = (owner: object, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (part, name) => (part === undefined || part === null ? undefined : Reflect.get(Object(part), name)),
      owner,
    )

const isKind = (value: unknown, kind: PartKind): boolean =>
  kind === 'Map' ? value instanceof Map : typeof value === kind && value !== null
