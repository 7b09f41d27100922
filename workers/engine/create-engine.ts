import { createContentStore } from '../content/content-store.ts'
import type { StartOptions } from '../contract/commands.ts'
import type { Failure } from '../contract/failures.ts'
import type { Update, UpdateBatch } from '../contract/updates.ts'
import { createLookupStats } from '../dht/lookup-stats.ts'
import { startRepublish } from '../dht/republish.ts'
import { createKnownPeers } from '../net/known-peers.ts'
import type { RtcShim } from '../net/rtc-shim.ts'
import { hasTemplates } from '../packages/templates.ts'
import { createReputation } from '../peers/reputation.ts'
import { rootToText, textToRoot } from '../protocol/ids.ts'
import { createLibrary } from '../registry/library.ts'
import { createOutbox } from '../registry/outbox.ts'
import { createPublisher } from '../registry/publish.ts'
import { createRegistry, type RegistryChange } from '../registry/registry.ts'
import { createTransfers } from '../registry/transfers.ts'
import { createTrust } from '../registry/trust.ts'
import { createSearch } from '../search/index.ts'
import { steadyFrom, wallNow } from '../stack/steady-date.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { openStore } from '../store/open-store.ts'
import { createAskPeersForPackages } from './ask-peers-for-packages.ts'
import { createClock } from './clock.ts'
import type { RunningEngine } from './command-gate.ts'
import { createCommands } from './commands.ts'
import { createContentKeeper } from './content-keeper.ts'
import { createFencedStore } from './fenced-store.ts'
import { createIndexing } from './indexing.ts'
import { createInstalls } from './installs.ts'
import { loadKeys } from './keys.ts'
import { createMetrics } from './metrics.ts'
import { type Network, type NetworkDependencies, startNetwork } from './network.ts'
import { createPackageCache } from './package-cache.ts'
import { createPeerSearch } from './peer-search.ts'
import { createProviderCounts } from './provider-counts.ts'
import { createPublications } from './publications.ts'
import { publishedContents } from './published-contents.ts'
import { createQuerySource } from './query-source.ts'
import { createRelayDirectory } from './relay-directory.ts'
import { createStatus } from './status.ts'
import { describeDamage } from './storage-damage.ts'
import { acquireProfileLock } from './tab-lock.ts'
import { createUpdateBus } from './update-bus.ts'
import { createWake } from './wake.ts'

/** What is older had waited in its publisher's outbox, or has a clock that is off: that is no propagation, ms. */
const maxPropagationMs = 60_000

export interface EngineOptions extends Omit<StartOptions, 'updates' | 'rtc'> {
  updates: { postMessage(batch: UpdateBatch): void }
  /** The profile was taken over by another tab while this one was frozen: the worker must end at once. */
  onStolen(): void
}

/** The machine around an engine; tests put many engines into one process, each with a disk and a clock of its own. */
export interface EngineSurroundings extends Pick<NetworkDependencies, 'transports' | 'listen'> {
  openStore: typeof openStore
  /** Ms since the epoch. */
  now(): number
}

const browser: EngineSurroundings = { openStore, now: wallNow }

/**
 * The composition root of the worker: makes every part and hands each what it needs. Read it top-down to see how they
 * are wired. Resolves when commands work, with what this profile has stored; the network starts meanwhile.
 */
export const createEngine = async (
  options: EngineOptions,
  rtc: RtcShim | undefined,
  surroundings: EngineSurroundings = browser,
): Promise<RunningEngine> => {
  const undos: Undo[] = []
  try {
    return await assemble(options, rtc, surroundings, undos)
  } catch (error) {
    await runAll(undos)
    throw error
  }
}

/** `undos` is filled as parts begin to hold something, in that order, so that a failed start gives everything back. */
const assemble = async (
  options: EngineOptions,
  rtc: RtcShim | undefined,
  { now, transports, listen, ...surroundings }: EngineSurroundings,
  undos: Undo[],
): Promise<RunningEngine> => {
  const lifetime = new AbortController()
  const bus = createUpdateBus((batch) => options.updates.postMessage(batch))
  undos.push(bus.stop, () => rtc?.close())
  const lock = await acquireProfileLock(options.profile, navigator.locks, {
    steal: options.leadership?.stolen ?? false,
    onStolen: options.onStolen,
  })
  undos.push(lock.release)

  // What this profile has.
  const storageLost = Promise.withResolvers<Failure>()
  const { store: opened, refusal } = await surroundings.openStore(`ggen-${options.profile}`, {
    onClosed(reason) {
      notice('error', 'storage', reason)
      storageLost.resolve(reason)
    },
  })
  const store = createFencedStore(opened, lock.assertHeld)
  undos.push(store.close)
  const keys = await loadKeys(store, webCrypto, options.profile)
  const { publisherId } = keys.identity
  const content = createContentStore({ store, crypto: webCrypto })
  const search = createSearch({ now: () => performance.now() })
  const metrics = createMetrics()
  const walks = createLookupStats()
  const clock = createClock({
    now,
    origin: self.location.origin,
    signal: lifetime.signal,
    onChange: () => clockChanged(),
  })
  // How long a ban, a remembered peer or a cached answer lasts is not for a clock to say that may be set meanwhile.
  const steady = steadyFrom(now)
  const registry = createRegistry({
    store,
    crypto: webCrypto,
    onChange: (change) => onCatalogueChange(change),
    onProblem: (failure) => notice('warning', 'catalogue', failure),
  })
  const indexing = createIndexing({ registry, search, latest: clock.latest })
  const outbox = createOutbox({ store })
  const library = createLibrary({ store })
  const transfers = createTransfers({ store })
  const keeper = createContentKeeper({
    content,
    library,
    published: () => publishedContents(registry, outbox, library, publisherId),
  })
  const trust = createTrust({ store, self: publisherId })
  const reputation = createReputation({ store, now: steady, random: Math.random })
  const remembered = createKnownPeers({ store, now: steady })
  const relays = createRelayDirectory({ given: options.relays, store, origin: self.location.origin })
  undos.push(reputation.stop, remembered.stop)
  const publisher = createPublisher({
    registry,
    outbox,
    hasTemplates,
    crypto: webCrypto,
    now,
    identity: keys.identity,
    signer: keys.signer,
  })

  // Begun here, so that all parts that are told of what is loaded stand by then; awaited at the end.
  const loaded = registry.load({ own: [keys.identity] }).then(async ({ droppedCount }) => {
    for (const { load } of [outbox, transfers, trust, reputation]) await load()
    for (const damage of describeDamage({ records: droppedCount, installed: (await library.load()).dropped }))
      notice('warning', `damaged ${damage.name}`, damage)
  })

  // What it can reach.
  const network: Promise<Network | undefined> = loaded
    .then(() =>
      startNetwork({
        keys,
        content,
        reputation,
        relays,
        remembered,
        rtcCounts: rtc?.connections,
        crypto: webCrypto,
        iceServers: options.iceServers,
        webRtc: rtc !== undefined,
        ...(transports === undefined ? {} : { transports }),
        ...(listen === undefined ? {} : { listen }),
        catalogue: {
          watchIds: registry.watchEntryIds,
          entries: registry.entriesById,
          ingest: (entries, from) => registry.ingest(entries, { from }),
        },
        queries: {
          source: createQuerySource({ registry, search }),
          ingest: (entries, from) => registry.ingest(entries, { from }),
        },
        async receive(bytes, from) {
          metrics.count('gossip_messages_received')
          const outcome = await registry.receiveAnnouncement(bytes, { from })
          const ageMs = now() - (outcome.publishedAt ?? Number.NaN)
          if (outcome.verdict === 'new' && ageMs >= 0 && ageMs < maxPropagationMs)
            metrics.observe('gossip_propagation_time', ageMs)
          return outcome
        },
        onChange: () => status.changed(),
        onAudience: () => publications.sendAll(),
        onAnnounced: () => metrics.count('gossip_messages_sent'),
        onLookup: walks.add,
        onSent: (bytes) => metrics.count('piece_bytes_sent', bytes),
      }),
    )
    .catch((error: unknown) => {
      status.networkFailed(error)
      return undefined
    })

  const status = createStatus({
    options,
    keys,
    store,
    rtc,
    refusal,
    network,
    clock,
    // As many as are listed: packages whose every version was withdrawn are known, and not shown.
    catalogueSize: search.size,
    onChange: () => bus.emitWhenPosted('status', () => ({ kind: 'status', status: status.view() })),
  })
  void storageLost.promise.then(status.storageLost)
  const publications = createPublications({
    registry,
    outbox,
    network,
    signal: lifetime.signal,
    onChange: (publication) => emit({ kind: 'publication', publication }),
  })
  const peerSearch = createPeerSearch({ search, network, signal: lifetime.signal, now: () => performance.now() })
  const installs = createInstalls({
    registry,
    content,
    keeper,
    library,
    transfers,
    trust,
    reputation,
    network,
    signal: lifetime.signal,
    now,
    askForUnknown: createAskPeersForPackages({ catalogue: registry, network }),
    onTransfer: (transfer) => emit({ kind: 'transfer', transfer }),
    onReceived: (bytes) => metrics.count('piece_bytes_received', bytes),
    onInstalled(entries) {
      metrics.count('packages_installed', entries.length)
      emit({ kind: 'library', revision: library.revision() })
      holders.provide(entries.map(({ root }) => root))
    },
  })
  const lookups = createPackageCache({
    store,
    registry,
    network,
    signal: lifetime.signal,
    now: steady,
    latest: clock.latest,
    onChange: (cache) => emit({ kind: 'cache', cache }),
  })
  undos.push(lookups.stop)
  const holders = createProviderCounts({
    network,
    signal: lifetime.signal,
    onChange: (id) => emit({ kind: 'package', id }),
  })

  const republish = startRepublish({
    heads: () => registry.packagesOf(publisherId).flatMap(({ id }) => registry.dhtValueFor(id) ?? []),
    roots: async () => (await content.completeRoots()).map(rootToText),
    put: async (key, value, signal) => (await network)?.putHead(key, value, signal, () => {}) ?? 0,
    async provide(root, signal) {
      const bytes = textToRoot(root)
      return bytes.ok ? ((await network)?.provide(bytes.value, signal) ?? 0) : 0
    },
  })

  function emit(update: Update): void {
    bus.emit(update)
  }

  function notice(level: 'warning' | 'error', id: string, failure: Failure): void {
    emit({ kind: 'notice', id, level, name: failure.name, reason: failure.reason })
  }

  function clockChanged(): void {
    if (indexing.clockChanged()) emit({ kind: 'catalogue', revision: registry.revision(), size: search.size() })
    status.changed()
  }

  function onCatalogueChange({ packages, revision }: RegistryChange): void {
    indexing.update(packages)
    emit({ kind: 'catalogue', revision, size: search.size() })
    status.changed()
  }

  const { wake, stop: stopWaking } = createWake(() => {
    void network.then((online) => online?.wake())
    // The clock may have been set, which the server is not needed to know.
    clockChanged()
    void clock.look()
  })
  const onOnline = (): void => wake('online')
  self.addEventListener('online', onOnline)
  undos.push(
    async () => (await network)?.stop(),
    () => self.removeEventListener('online', onOnline),
    stopWaking,
    publications.stop,
    republish.stop,
    () => lifetime.abort(),
  )

  // What was under way when the last tab closed.
  void network.then(async (online) => {
    void clock.look()
    if (online === undefined) return
    installs.resume()
    publications.sendAll()
    republish.now()
  })

  await loaded
  return createCommands({
    clock,
    content,
    keeper,
    registry,
    search,
    peerSearch,
    publisher,
    library,
    trust,
    network,
    metrics,
    status,
    publications,
    installs,
    lookups,
    walks,
    holders,
    emit,
    wake,
    signal: lifetime.signal,
    stop: () => runAll(undos),
  })
}

type Undo = () => unknown

/** The last first; one that fails does not keep the others from running. */
const runAll = async (undos: Undo[]): Promise<void> => {
  for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
    try {
      await undo()
    } catch {
      // It is given up anyway.
    }
  }
}
