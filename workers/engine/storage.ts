import { type ContentStore, createContentStore } from '../content/content-store.ts'
import type { Failure } from '../contract/failures.ts'
import type { ChangedPackages } from '../contract/updates.ts'
import { createKnownPeers, type KnownPeers } from '../net/known-peers.ts'
import { hasTemplates } from '../packages/templates.ts'
import { createReputation, type Reputation } from '../peers/reputation.ts'
import type { PublisherId } from '../protocol/ids.ts'
import { createLibrary, type Library } from '../registry/library.ts'
import { createOutbox, type Outbox } from '../registry/outbox.ts'
import { createPublisher, type Publisher } from '../registry/publish.ts'
import { createRegistry, type Registry, type RegistryChange } from '../registry/registry.ts'
import { createTransfers, type Transfers } from '../registry/transfers.ts'
import { createTrust, type Trust } from '../registry/trust.ts'
import { createSearch, type Search } from '../search/index.ts'
import { steadyFrom } from '../stack/steady-date.ts'
import type { Store } from '../store/store.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { changedViews } from './changed-views.ts'
import type { Clock } from './clock.ts'
import { type ContentKeeper, createContentKeeper } from './content-keeper.ts'
import { createEmitter, type Subscribe } from './emitter.ts'
import { createFencedStore } from './fenced-store.ts'
import { createIdentityService, type IdentityService } from './identity.ts'
import { createIndexing } from './indexing.ts'
import { loadKeys, type NodeKey } from './keys.ts'
import type { Platform, ProfileLock } from './platform.ts'
import { publishedContents } from './published-contents.ts'
import { createRelayDirectory, type RelayDirectory } from './relay-directory.ts'
import { describeDamage } from './storage-damage.ts'
import type { UndoStack } from './undo-stack.ts'

/** A profile's data on this device, and the parts that store it. Nothing here needs a network. */
export interface Storage {
  readonly store: Store
  /** Why storage is in memory only. */
  readonly refusal: Failure | undefined
  /** Resolves when the open store is lost: nothing can be stored until the page is reloaded. */
  readonly lost: Promise<Failure>
  readonly nodeKey: NodeKey
  readonly identity: IdentityService
  readonly content: ContentStore
  /** Emits the root of content of which a part was deleted, or found damaged or missing. */
  readonly onContentLost: Subscribe<Uint8Array>
  readonly keeper: ContentKeeper
  readonly registry: Registry
  readonly search: Search
  readonly outbox: Outbox
  readonly publisher: Publisher
  readonly library: Library
  readonly transfers: Transfers
  readonly trust: Trust
  readonly reputation: Reputation
  readonly knownPeers: KnownPeers
  readonly relayDirectory: RelayDirectory
  /** Steady clock (ms since the epoch): bans and cached answers must not depend on changes of the wall clock. */
  steadyNow(): number
  /** Emits when packages were listed, changed or unlisted. */
  readonly onCatalogue: Subscribe<CatalogueChange>
  /** Loads the stored records. Subscribe before this call. */
  load(): Promise<void>
  /** Updates listings that depend on the time, after the clock may have been corrected. */
  relist(): void
}

/** `size` counts listed packages; a package whose every version is withdrawn is in the catalogue but not listed. */
export interface CatalogueChange {
  readonly revision: number
  readonly size: number
  readonly changed: ChangedPackages
}

export interface StorageDependencies {
  profile: string
  /** Relays from the address bar. */
  relays: readonly string[]
  platform: Platform
  telemetry: Telemetry
  clock: Pick<Clock, 'latest' | 'onChange'>
  lock: Pick<ProfileLock, 'assertHeld'>
  notice(level: 'warning' | 'error', id: string, failure: Failure): void
  onBanned(peer: string): void
}

/**
 * Opens the store of a profile and creates the parts that use it; `undos` closes them.
 * @throws Failure `StorageUnavailable`
 */
export const openStorage = async (
  { profile, relays, platform, telemetry, clock, lock, notice, onBanned }: StorageDependencies,
  undos: UndoStack,
): Promise<Storage> => {
  const { clocks, crypto, random } = platform
  const lost = Promise.withResolvers<Failure>()
  const { store: opened, refusal } = await platform.openStore(`ggen-${profile}`, {
    onClosed(reason) {
      notice('error', 'storage', reason)
      lost.resolve(reason)
    },
  })
  const store = createFencedStore(opened, lock.assertHeld)
  undos.add(store.close)

  const keys = await loadKeys(store, platform, profile)

  const catalogue = createEmitter<CatalogueChange>()
  const records = createEmitter<RegistryChange>()
  const registry = createRegistry({
    telemetry,
    store,
    crypto,
    onChange: records.emit,
    onProblem: (failure) => notice('warning', 'catalogue', failure),
  })
  const search = createSearch({ now: clocks.monotonic })
  const indexing = createIndexing({ registry, search, latest: clock.latest })
  records.subscribe(({ packages, revision }) => {
    indexing.update(packages)
    catalogue.emit({ revision, size: search.size(), changed: changedViews(packages, registry) })
  })
  const relist = (): void => {
    if (indexing.clockChanged()) catalogue.emit({ revision: registry.revision(), size: search.size(), changed: 'many' })
  }
  clock.onChange(relist)

  const contentLost = createEmitter<Uint8Array>()
  const content = createContentStore({ store, crypto, onLost: contentLost.emit })
  const outbox = createOutbox({ store })
  const identity = createIdentityService({
    publisher: keys.publisher,
    store,
    registry,
    onCatalogue: records.subscribe,
    outbox,
    crypto,
    keys: platform.keys,
    now: clocks.wall,
  })
  const self = (): PublisherId => identity.current().publisherId
  const library = createLibrary({ store })
  const transfers = createTransfers({ store })
  const keeper = createContentKeeper({
    content,
    library,
    published: () => publishedContents(registry, outbox, library, self()),
  })
  const publisher = createPublisher({ registry, outbox, hasTemplates, crypto, now: clocks.wall, identity })
  const trust = createTrust({ store, self })

  const steadyNow = steadyFrom(clocks.wall)
  const reputation = createReputation({ telemetry, store, now: steadyNow, random, onBanned })
  const knownPeers = createKnownPeers({ store, now: steadyNow })
  undos.add(reputation.stop, knownPeers.stop)
  const relayDirectory = createRelayDirectory({ given: relays, store, origin: platform.origin, random })

  return {
    store,
    refusal,
    lost: lost.promise,
    nodeKey: keys.node,
    identity,
    content,
    onContentLost: contentLost.subscribe,
    keeper,
    registry,
    search,
    outbox,
    publisher,
    library,
    transfers,
    trust,
    reputation,
    knownPeers,
    relayDirectory,
    steadyNow,
    onCatalogue: catalogue.subscribe,
    async load() {
      const { droppedCount } = await registry.load({ own: [identity.current()] })
      for (const { load } of [outbox, transfers, trust, reputation]) await load()
      for (const damage of describeDamage({ records: droppedCount, installed: (await library.load()).dropped }))
        notice('warning', `damaged ${damage.name}`, damage)
    },
    relist,
  }
}
