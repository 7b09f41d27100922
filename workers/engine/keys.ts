import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { Failure } from '../contract/failures.ts'
import type { CryptoProvider, Signer } from '../protocol/crypto.ts'
import { createIdentity, type Identity, verifyIdentity } from '../protocol/identity.ts'
import { isPublisherName } from '../protocol/ids.ts'
import { createSigner, generateSigningKey, keyFromSeed } from '../stack/web-crypto.ts'
import type { Change, Store } from '../store/store.ts'

/** An Ed25519 seed, bytes. */
const seedBytes = 32

/** The keys of a profile: `node` stays on this device; `signer` signs releases and heads for `identity`. */
export interface ProfileKeys {
  node: PrivateKey
  /** Peer id of `node` as text. */
  nodeId: string
  signer: Signer
  identity: Identity
}

/**
 * Loads the keys of a profile, or makes and stores them durably at its first start.
 *
 * Damaged keys are never replaced silently: a new publisher key would be another publisher.
 * @throws Failure `StorageUnavailable` when stored keys cannot be used.
 */
export const loadKeys = async (store: Store, crypto: CryptoProvider, profile: string): Promise<ProfileKeys> => {
  const [nodeSeed, signingSeed, rotationSeed, chain] = await store.getMany('keys', [
    'node',
    'signing',
    'rotation',
    'identity',
  ])
  const stored = [nodeSeed, signingSeed, rotationSeed, chain]
  if (stored.every((value) => value === undefined)) return makeKeys(store, crypto, profile)
  if (!isSeed(nodeSeed) || !isSeed(signingSeed) || !isSeed(rotationSeed) || chain === undefined) throw damaged()
  const identity = await verifyIdentity(chain, crypto)
  if (!identity.ok) throw damaged()
  const node = await keyFromSeed(nodeSeed)
  return {
    node,
    nodeId: peerIdFromPrivateKey(node).toString(),
    signer: await createSigner(signingSeed),
    identity: identity.value,
  }
}

const makeKeys = async (store: Store, crypto: CryptoProvider, profile: string): Promise<ProfileKeys> => {
  const [nodeSeed, signingSeed, rotationSeed] = await Promise.all([
    generateSigningKey(),
    generateSigningKey(),
    generateSigningKey(),
  ])
  const node = await keyFromSeed(nodeSeed)
  const signer = await createSigner(signingSeed)
  const rotation = await createSigner(rotationSeed)
  const identity = await createIdentity(
    { name: firstName(profile, node.publicKey.raw), rotation, signingKey: signer.publicKey },
    crypto,
  )
  const changes: Change[] = [
    { table: 'keys', key: 'node', value: nodeSeed },
    { table: 'keys', key: 'signing', value: signingSeed },
    { table: 'keys', key: 'rotation', value: rotationSeed },
    { table: 'keys', key: 'identity', value: identity.chain },
  ]
  await store.write(changes, { durability: 'strict' })
  return { node, nodeId: peerIdFromPrivateKey(node).toString(), signer, identity }
}

/** The publisher's name until its person chooses one: the profile's, or `dev-` and four characters of the node key. */
const firstName = (profile: string, nodeKey: Uint8Array): string =>
  profile === defaultProfile || !isPublisherName(profile)
    ? `dev-${[...nodeKey.subarray(0, 2)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
    : profile

const defaultProfile = 'default'

const isSeed = (value: Uint8Array | undefined): value is Uint8Array => value?.length === seedBytes

const damaged = (): Failure => new Failure('StorageUnavailable', { code: 'keys-damaged' })
