import { Failure, toFailure } from '../contract/failures.ts'
import { sameBytes } from '../protocol/bytes.ts'
import type { Signer } from '../protocol/crypto.ts'
import { extendsIdentity, hasKey, type Identity, updateIdentity } from '../protocol/identity.ts'
import { toHex } from '../protocol/ids.ts'
import type { VerifiedEntry } from '../registry/catalogue.ts'
import type { IdentityEntry, Outbox } from '../registry/outbox.ts'
import type { Commit, Registry } from '../registry/registry.ts'
import { resignHeads } from '../registry/resign-heads.ts'
import type { Store } from '../store/store.ts'
import { createEmitter, type Subscribe } from './emitter.ts'
import { type KeyDependencies, loadPublisherKeys, type PublisherKeys, publisherKeyChanges } from './keys.ts'

/**
 * This profile's identity as a publisher, and its keys.
 *
 * Guarantees: one strict write stores a change of identity with its keys, the heads re-signed by the new key, and the
 * outbox entry, before anything of it is sent; a failed change changes nothing. Changes and publishes run one after the
 * other, so each publication is signed by a key of the chain it is announced with. Not guaranteed: that no other device
 * with the same rotation key makes a change at the same time; two such changes are a fork, which the catalogue marks as
 * disputed.
 */
export interface IdentityService {
  /** The newest known identity; another device of this publisher may have made it. The publisher id never changes. */
  current(): Identity
  /** Calls `listener` after each change, once it is durable. */
  readonly subscribe: Subscribe<Identity>
  /**
   * The key of this profile for `role`, listed in `current()`. Valid for one record: ask again for the next.
   * @throws Failure `IdentityInvalid` when the identity is revoked or another device removed this key.
   */
  signer(role: SigningRole): Signer
  /**
   * Adopts changes that a frozen tab of this profile has stored. Call it in the registry's queue before signing: no peer
   * accepts signatures by keys that the stored chain has replaced.
   * @throws Failure `StorageUnavailable` when the stored keys cannot be used; storage failures.
   */
  refresh(commit: Commit): Promise<void>
  /**
   * Appends a document to the chain, unless `changes` has no effect.
   * @throws Failure `IdentityInvalid` as `signer('rotation')`; `RecordMalformed` for a name that peers refuse;
   * `RecordTooLarge` when the chain is full; storage failures.
   */
  update(changes: IdentityUpdate): Promise<Identity>
}

export type SigningRole = 'release' | 'head' | 'rotation'

export interface IdentityUpdate {
  readonly name?: string
  /** Replaces the key that signs releases and heads. Keys of other devices stay. */
  readonly newSigningKey?: true
  /** Replaces the key that signs the next change of the identity. */
  readonly newRotationKey?: true
  /** Revokes the identity with all its packages. Cannot be undone. */
  readonly revoked?: true
}

export interface IdentityServiceDependencies extends KeyDependencies {
  /** As loaded by `loadKeys`. */
  readonly publisher: PublisherKeys
  readonly store: Pick<Store, 'get' | 'getMany'>
  readonly registry: Pick<Registry, 'identityOf' | 'packagesOf' | 'entriesById' | 'exclusive'>
  /** Emits after changes of the catalogue. */
  readonly onCatalogue: Subscribe<unknown>
  readonly outbox: Pick<Outbox, 'toChange' | 'note'>
  /** Wall clock (ms since the epoch). */
  now(): number
}

export const createIdentityService = (deps: IdentityServiceDependencies): IdentityService => {
  const { store, registry, outbox, crypto, keys, now } = deps
  const changes = createEmitter<Identity>()
  let held = deps.publisher
  let storedChain = held.identity.chain
  let reported = held.identity
  let isUpdating = false

  /** Adopts documents that another device of this publisher has added to the chain. */
  const current = (): Identity => {
    const catalogued = registry.identityOf(held.identity.publisherId)
    if (catalogued !== undefined && catalogued.seq > held.identity.seq && extendsIdentity(catalogued, held.identity)) {
      held = { ...held, identity: catalogued }
    }
    return held.identity
  }

  const report = (): void => {
    const identity = current()
    if (sameBytes(identity.chain, reported.chain)) return
    reported = identity
    changes.emit(identity)
  }
  // An update reports its own change, once its keys are in place.
  deps.onCatalogue(() => {
    if (!isUpdating) report()
  })

  const signer = (role: SigningRole): Signer => {
    const identity = current()
    const [own, listed] =
      role === 'rotation' ? [held.rotation, identity.rotationKeys] : [held.signing, identity.signingKeys]
    if (identity.revoked) throw new Failure('IdentityInvalid', { code: 'identity-revoked' })
    if (!hasKey(listed, own.publicKey)) {
      throw new Failure('IdentityInvalid', { code: 'keys-replaced' })
    }
    return own
  }

  /** The catalogue entries of an identity state, with the heads re-signed by a new signing key. */
  const toEntries = async (identity: Identity, newSigner: Signer | undefined): Promise<VerifiedEntry[]> => {
    const { publisherId, signingKeys, chain } = identity
    const mustSign = newSigner !== undefined && hasKey(signingKeys, newSigner.publicKey)
    const heads = mustSign ? await resignHeads(registry, publisherId, newSigner, crypto) : []
    return [{ kind: 'identity', id: toHex(await crypto.sha256(chain)), identity }, ...heads]
  }

  /** A tab frozen in the middle of a change may have stored it since; a change that ignored it would be a fork. */
  const adoptStored = async (commit: Commit): Promise<void> => {
    const chain = await store.get('keys', 'identity')
    if (chain !== undefined && sameBytes(chain, storedChain)) return
    const stored = await loadPublisherKeys(store, deps)
    if (stored.identity.seq > current().seq) await commit(await toEntries(stored.identity, stored.signing), [])
    held = stored
    storedChain = stored.identity.chain
  }

  const update = async (commit: Commit, wanted: IdentityUpdate): Promise<Identity> => {
    await adoptStored(commit)
    const before = current()
    const rotation = signer('rotation')
    if (wanted.revoked !== true && !isChange(before, wanted)) return before
    const [signingSeed, rotationSeed] = await Promise.all([
      wanted.newSigningKey && wanted.revoked !== true ? keys.generateSeed() : undefined,
      wanted.newRotationKey ? keys.generateSeed() : undefined,
    ])
    const next = {
      signing: signingSeed === undefined ? held.signing : await keys.createSigner(signingSeed),
      rotation: rotationSeed === undefined ? rotation : await keys.createSigner(rotationSeed),
    }
    const identity = await updateIdentity(
      before,
      {
        ...(wanted.name === undefined ? {} : { name: wanted.name }),
        signingKeys:
          signingSeed === undefined ? before.signingKeys : replaceKey(before.signingKeys, held.signing, next.signing),
        rotationKeys: replaceKey(before.rotationKeys, rotation, next.rotation),
        revoked: wanted.revoked ?? false,
      },
      [rotation],
      crypto,
    )
    const entry: IdentityEntry = {
      v: 1,
      kind: 'identity',
      publisher: identity.publisherId,
      seq: identity.seq,
      changedAt: Math.max(0, Math.floor(now())),
    }
    await commit(await toEntries(identity, signingSeed === undefined ? undefined : next.signing), [
      ...publisherKeyChanges({ identity, signingSeed, rotationSeed }),
      outbox.toChange(entry),
    ])
    held = { ...next, identity }
    storedChain = identity.chain
    outbox.note(entry)
    return identity
  }

  return {
    current,
    subscribe: changes.subscribe,
    signer,
    async refresh(commit) {
      await adoptStored(commit)
      report()
    },
    update: (wanted) =>
      registry.exclusive(async (commit) => {
        isUpdating = true
        try {
          return await update(commit, wanted)
        } catch (error) {
          throw toFailure(error)
        } finally {
          isUpdating = false
          report()
        }
      }),
  }
}

const isChange = (before: Identity, { name, newSigningKey, newRotationKey }: IdentityUpdate): boolean =>
  (name !== undefined && name !== before.name) || newSigningKey === true || newRotationKey === true

/** `listed` with `old` replaced, or with the replacement appended where `old` is missing. */
const replaceKey = (listed: readonly Uint8Array[], old: Signer, replacement: Signer): readonly Uint8Array[] =>
  hasKey(listed, old.publicKey)
    ? listed.map((key) => (sameBytes(key, old.publicKey) ? replacement.publicKey : key))
    : [...listed, replacement.publicKey]
