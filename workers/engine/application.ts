import { createCacheMemory } from '../cache/cache-memory.ts'
import type { Update } from '../contract/updates.ts'
import type { CacheKind } from '../contract/views.ts'
import { startRepublish } from '../dht/republish.ts'
import { rootToText, textToRoot } from '../protocol/ids.ts'
import type { MeterReader } from '../telemetry/in-memory-meter.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { createAskPeersForPackages } from './ask-peers-for-packages.ts'
import { createCacheReport } from './cache-report.ts'
import type { Clock } from './clock.ts'
import type { RunningEngine } from './command-gate.ts'
import { createCommands } from './commands.ts'
import { createContentCache } from './content-cache.ts'
import type { EngineEvents } from './events.ts'
import { createIdentityAnnouncement } from './identity-announcement.ts'
import { createInstalls } from './installs.ts'
import { createLateMeasurements } from './late-measurements.ts'
import type { Network } from './network.ts'
import { createPackageCache } from './package-cache.ts'
import { createPeerCommands } from './peer-commands.ts'
import { createPeerSearch } from './peer-search.ts'
import type { Platform } from './platform.ts'
import { createPreview } from './preview.ts'
import { createProviderCounts } from './provider-counts.ts'
import { createPublications } from './publications.ts'
import { createSearches } from './searches.ts'
import { createStatus } from './status.ts'
import type { Storage } from './storage.ts'
import { createTelemetryCommands } from './telemetry-commands.ts'
import type { TelemetryExport } from './telemetry-export.ts'
import type { Tracing } from './tracing.ts'
import type { UndoStack } from './undo-stack.ts'
import type { UpdateBus } from './update-bus.ts'
import { createWake } from './wake.ts'

export interface ApplicationDependencies {
  profile: string
  platform: Platform
  clock: Clock
  storage: Storage
  network: Network
  telemetry: Telemetry
  figures: MeterReader
  tracing: Tracing
  telemetryExport: TelemetryExport
  events: EngineEvents
  bus: Pick<UpdateBus, 'emit' | 'emitWhenPosted'>
  /** Cancels everything in progress. */
  signal: AbortSignal
  /** Releases everything that the engine holds. */
  stop(): Promise<void>
}

export interface Application {
  readonly commands: RunningEngine
  /** Resumes work that the last tab left unfinished, once the network has started or failed to start. */
  resume(): Promise<void>
}

/** The use cases of a profile for people and scripts: publish, search, look up, install. */
export const createApplication = (
  {
    profile,
    platform,
    clock,
    storage,
    network,
    telemetry,
    figures,
    tracing,
    telemetryExport,
    events,
    bus,
    signal,
    stop,
  }: ApplicationDependencies,
  undos: UndoStack,
): Application => {
  const { clocks } = platform
  const { store, identity, content, keeper, registry, search, outbox, library, transfers, trust, reputation } = storage
  const emit = (update: Update): void => bus.emit(update)

  const status = createStatus({
    options: { profile },
    nodeKey: storage.nodeKey,
    identity,
    store,
    webRtc: platform.webRtc,
    refusal: storage.refusal,
    network,
    clock,
    catalogueSize: search.size,
    onChange: () => bus.emitWhenPosted('status', () => ({ kind: 'status', status: status.view() })),
  })
  void storage.lost.then(status.storageLost)
  storage.onCatalogue((change) => {
    emit({ kind: 'catalogue', ...change })
    status.changed()
  })
  clock.onChange(status.changed)
  network.onChange(status.changed)

  const cacheMemory = createCacheMemory<CacheKind>({
    kinds: ['package', 'manifest', 'file'],
    now: storage.steadyNow,
    onRequest: () => cacheReport.changed(),
  })
  const cacheReport = createCacheReport({ memory: cacheMemory, onChange: (cache) => emit({ kind: 'cache', cache }) })
  const measurements = createLateMeasurements({
    platform,
    telemetry,
    figures,
    network,
    cache: cacheMemory,
    cacheView: cacheReport.view,
    reputation,
    events,
    store,
    emit,
  })
  undos.add(measurements.stop)
  const contents = createContentCache({ memory: cacheMemory, content })
  storage.onContentLost(contents.forget)
  const packageCache = createPackageCache({
    memory: cacheMemory,
    store,
    registry,
    network,
    monotonic: clocks.monotonic,
    latest: clock.latest,
  })
  // The network stops before the cache writes the last lookup results.
  undos.add(cacheReport.stop, contents.stop, packageCache.stop, network.stop)
  const searches = createSearches({
    search,
    peerSearch: (measured) => createPeerSearch({ search: measured, network, now: clocks.monotonic }),
    telemetry,
  })
  const providerCounts = createProviderCounts({
    telemetry,
    network,
    signal,
    now: clocks.monotonic,
    onChange: (id) => emit({ kind: 'package', id }),
  })
  const installs = createInstalls({
    telemetry,
    registry,
    content,
    keeper,
    library,
    transfers,
    trust,
    reputation,
    network,
    signal,
    now: clocks.wall,
    monotonic: clocks.monotonic,
    randomUuid: platform.randomUuid,
    askPeersForPackages: createAskPeersForPackages({ catalogue: registry, network }),
    onTransfer: (transfer) => emit({ kind: 'transfer', transfer }),
    onInstalled(entries) {
      emit({ kind: 'library', revision: library.revision() })
      for (const { id, asDependency } of entries) if (!asDependency) events.emit('installed', id)
      providerCounts.provide(entries.map(({ root }) => root))
    },
  })

  const preview = createPreview({
    registry,
    content,
    installs,
    providers: providerCounts,
    onFiles: (id) => emit({ kind: 'package', id }),
  })

  const { wake, stop: stopWaking } = createWake(() => {
    network.wake()
    // The clock may have been set; listings follow it without waiting for the server.
    storage.relist()
    status.changed()
    void clock.check()
  }, clocks.wall)
  undos.add(platform.onWake(wake), stopWaking)
  const publications = createPublications({
    telemetry,
    registry,
    outbox,
    network,
    signal,
    onChange: (publication) => emit({ kind: 'publication', publication }),
  })
  undos.add(publications.stop)
  const identityAnnouncement = createIdentityAnnouncement({ telemetry, registry, outbox, identity, network, signal })
  undos.add(identityAnnouncement.stop)
  network.onAudience(() => {
    publications.sendAll()
    identityAnnouncement.send()
  })
  const republish = startRepublish({
    telemetry,
    heads: () =>
      registry.packagesOf(identity.current().publisherId).flatMap(({ id }) => registry.dhtValueFor(id) ?? []),
    roots: async () => (await content.completeRoots()).map(rootToText),
    put: (key, value, operation) => network.dht.putHead(key, value, operation, () => {}),
    async provide(root, operation) {
      const bytes = textToRoot(root)
      return bytes.ok ? network.dht.provide(bytes.value, operation) : 0
    },
  })
  undos.add(republish.stop)
  identity.subscribe(() => {
    status.changed()
    identityAnnouncement.send()
    republish.headsNow()
  })

  return {
    commands: createCommands({
      clock,
      content,
      keeper,
      registry,
      searches,
      publisher: storage.publisher,
      library,
      trust,
      network,
      telemetry,
      figures,
      telemetryCommands: createTelemetryCommands({
        figures,
        tracing,
        telemetryExport,
        measurements: measurements.started,
      }),
      peerCommands: createPeerCommands({ self: storage.nodeKey.id, reputation, network }),
      status,
      publications,
      installs,
      packageCache,
      contents,
      async flush() {
        await Promise.all([packageCache.flush(), telemetryExport.flush(), measurements.flush()])
      },
      cacheView: cacheReport.view,
      events,
      measurements,
      providerCounts,
      preview,
      emit,
      wake,
      signal,
      randomUuid: platform.randomUuid,
      stop,
    }),
    async resume() {
      measurements.started().catch(() => {})
      const online = await network.started
      void clock.check()
      if (!online) return
      installs.resume()
      publications.sendAll()
      identityAnnouncement.send()
      republish.now()
    },
  }
}
