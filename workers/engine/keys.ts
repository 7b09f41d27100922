import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { Failure } from '../contract/failures.ts'
import type { Signer } from '../protocol/crypto.ts'
import { createIdentity, hasKey, type Identity, verifyIdentity } from '../protocol/identity.ts'
import { isPublisherName } from '../protocol/ids.ts'
import type { Change, Store } from '../store/store.ts'
import type { Platform } from './platform.ts'

/** Size of an Ed25519 seed (bytes). */
const seedBytes = 32

/** The key of the node, which stays on this device, and those of the publisher. */
export interface ProfileKeys {
  readonly node: NodeKey
  readonly publisher: PublisherKeys
}

export interface NodeKey {
  readonly privateKey: PrivateKey
  /** Peer id as text. */
  readonly id: string
}

/** A publisher's identity and signing keys, stored and replaced together. */
export interface PublisherKeys {
  readonly identity: Identity
  /** Signs releases and heads. */
  readonly signing: Signer
  /** Signs the next document of the identity. */
  readonly rotation: Signer
}

export type KeyDependencies = Pick<Platform, 'crypto' | 'keys'>

/**
 * Loads the keys of a profile, or generates and stores them durably at its first start.
 *
 * Damaged keys are never replaced silently: a new publisher key would be another publisher.
 * @throws Failure `StorageUnavailable` when stored keys cannot be used.
 */
export const loadKeys = async (store: Store, deps: KeyDependencies, profile: string): Promise<ProfileKeys> => {
  const rows = await store.getMany('keys', ['node', 'signing', 'rotation', 'identity'])
  const [node, signing, rotation, chain] = rows
  if (rows.every((row) => row === undefined)) return makeKeys(store, deps, profile)
  if (!isSeed(node)) throw damaged()
  const [nodeKey, publisher] = await Promise.all([
    toNodeKey(node, deps),
    toPublisherKeys({ signing, rotation, chain }, deps),
  ])
  return { node: nodeKey, publisher }
}

/** Loads the stored publisher keys. @throws Failure `StorageUnavailable` when they cannot be used. */
export const loadPublisherKeys = async (
  store: Pick<Store, 'getMany'>,
  deps: KeyDependencies,
): Promise<PublisherKeys> => {
  const [signing, rotation, chain] = await store.getMany('keys', ['signing', 'rotation', 'identity'])
  return toPublisherKeys({ signing, rotation, chain }, deps)
}

/** The changed rows: the identity chain and any new seeds. */
export const publisherKeyChanges = (next: {
  readonly identity: Identity
  readonly signingSeed?: Uint8Array | undefined
  readonly rotationSeed?: Uint8Array | undefined
}): Change[] => [
  ...(next.signingSeed === undefined ? [] : [{ table: 'keys' as const, key: 'signing', value: next.signingSeed }]),
  ...(next.rotationSeed === undefined ? [] : [{ table: 'keys' as const, key: 'rotation', value: next.rotationSeed }]),
  { table: 'keys', key: 'identity', value: next.identity.chain },
]

interface PublisherRows {
  readonly signing: Uint8Array | undefined
  readonly rotation: Uint8Array | undefined
  readonly chain: Uint8Array | undefined
}

const toPublisherKeys = async (
  { signing, rotation, chain }: PublisherRows,
  { crypto, keys }: KeyDependencies,
): Promise<PublisherKeys> => {
  if (!isSeed(signing) || !isSeed(rotation) || chain === undefined) throw damaged()
  const [identity, signer, rotationSigner] = await Promise.all([
    verifyIdentity(chain, crypto),
    keys.createSigner(signing),
    keys.createSigner(rotation),
  ])
  if (!identity.ok) throw damaged()
  const { everSigningKeys, rotationKeys } = identity.value
  // Peers accept no signature of a key outside the chain. A key that another device removed still loads.
  if (!hasKey(everSigningKeys, signer.publicKey)) throw damaged()
  if (!hasKey(rotationKeys, rotationSigner.publicKey)) throw damaged()
  return { identity: identity.value, signing: signer, rotation: rotationSigner }
}

const toNodeKey = async (seed: Uint8Array, { keys }: KeyDependencies): Promise<NodeKey> => {
  const privateKey = await keys.privateKey(seed)
  return { privateKey, id: peerIdFromPrivateKey(privateKey).toString() }
}

const makeKeys = async (store: Store, deps: KeyDependencies, profile: string): Promise<ProfileKeys> => {
  const { crypto, keys } = deps
  const [nodeSeed, signingSeed, rotationSeed] = await Promise.all([
    keys.generateSeed(),
    keys.generateSeed(),
    keys.generateSeed(),
  ])
  const [node, signing, rotation] = await Promise.all([
    toNodeKey(nodeSeed, deps),
    keys.createSigner(signingSeed),
    keys.createSigner(rotationSeed),
  ])
  const name = firstName(profile, node.privateKey.publicKey.raw)
  const identity = await createIdentity({ name, rotation, signingKey: signing.publicKey }, crypto)
  await store.write(
    [{ table: 'keys', key: 'node', value: nodeSeed }, ...publisherKeyChanges({ identity, signingSeed, rotationSeed })],
    { durability: 'strict' },
  )
  return { node, publisher: { identity, signing, rotation } }
}

/** The initial publisher name: the profile's name, or `dev-` and four characters of the node key. */
const firstName = (profile: string, nodeKey: Uint8Array): string =>
  profile === defaultProfile || !isPublisherName(profile)
    ? `dev-${[...nodeKey.subarray(0, 2)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
    : profile

const defaultProfile = 'default'

const isSeed = (value: Uint8Array | undefined): value is Uint8Array => value?.length === seedBytes

const damaged = (): Failure => new Failure('StorageUnavailable', { code: 'keys-damaged' })
