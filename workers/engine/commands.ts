import type { ContentStore } from '../content/content-store.ts'
import type { WakeReason } from '../contract/commands.ts'
import { Failure } from '../contract/failures.ts'
import type { Update } from '../contract/updates.ts'
import type { CacheView, FileInput, Finding, LibraryEntry, PackageCheck, PublishOptions } from '../contract/views.ts'
import { lookupStats } from '../dht/lookup-stats.ts'
import type { ReadPackage } from '../packages/read-package.ts'
import { rootToText, textToRoot } from '../protocol/ids.ts'
import type { Release } from '../protocol/release.ts'
import { findBroken } from '../registry/broken-dependents.ts'
import type { Library } from '../registry/library.ts'
import { packageToView, shownVersion } from '../registry/package-views.ts'
import type { Publisher } from '../registry/publish.ts'
import type { Registry } from '../registry/registry.ts'
import type { Trust } from '../registry/trust.ts'
import type { MeterReader } from '../telemetry/in-memory-meter.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { parseTraceparent } from '../telemetry/trace-context.ts'
import { assertBytes, assertFiles, assertLeftOut, assertPaths, assertSpecs } from './arguments.ts'
import type { Clock } from './clock.ts'
import type { RunningEngine } from './command-gate.ts'
import { ignoringOperation, startCommandOperations, type WithOperation } from './command-operations.ts'
import type { ContentCache } from './content-cache.ts'
import type { ContentKeeper } from './content-keeper.ts'
import { createDrafts, type DraftsDependencies } from './drafts.ts'
import type { EngineEvents } from './events.ts'
import type { Installs } from './installs.ts'
import type { LateMeasurements } from './late-measurements.ts'
import { cacheMetrics, viewMetrics } from './metrics.ts'
import type { Network } from './network.ts'
import type { PackageCache } from './package-cache.ts'
import type { PeerCommands } from './peer-commands.ts'
import type { ProviderCounts } from './provider-counts.ts'
import type { Publications } from './publications.ts'
import type { Searches } from './searches.ts'
import type { Status } from './status.ts'
import type { TelemetryCommands } from './telemetry-commands.ts'

export interface CommandDependencies {
  clock: Pick<Clock, 'latest'>
  content: ContentStore
  keeper: ContentKeeper
  registry: Registry
  searches: Searches
  publisher: Publisher
  library: Library
  trust: Trust
  network: Pick<Network, 'started' | 'peers'>
  telemetry: Telemetry
  /** Reads the figures of the telemetry's meter. */
  figures: MeterReader
  telemetryCommands: TelemetryCommands
  peerCommands: WithOperation<PeerCommands>
  status: Status
  publications: Publications
  installs: Installs
  packageCache: PackageCache
  contents: Pick<ContentCache, 'manifest' | 'readFile' | 'readFileInMemory'>
  /** Writes and sends what waits: the page may be about to close. */
  flush(): Promise<void>
  cacheView(): CacheView
  events: Pick<EngineEvents, 'emit'>
  measurements: Pick<LateMeasurements, 'started' | 'flush'>
  providerCounts: ProviderCounts
  preview(id: string, operation: Operation): Promise<void>
  /** Cancels all commands. */
  signal: AbortSignal
  emit(update: Update): void
  wake(reason: WakeReason): void
  randomUuid(): string
  stop(): Promise<void>
}

/** Creates the commands of a running engine, each a few lines over the part that does the work. */
export const createCommands = (deps: CommandDependencies): RunningEngine => {
  const {
    content,
    keeper,
    registry,
    library,
    installs,
    providerCounts,
    packageCache,
    publications,
    publisher,
    emit,
    signal,
    telemetry,
    figures,
  } = deps
  const published = telemetry.meter.createCounter('packages_published')

  const readFiles = async (files: FileInput[], options: PublishOptions): Promise<ReadPackage> => {
    assertFiles(files)
    const { confirmedPrivate, leftOut } = options
    if (confirmedPrivate !== undefined) assertPaths(confirmedPrivate)
    if (leftOut !== undefined) assertLeftOut(leftOut)
    // Only publishing needs this module, so the worker starts without it.
    const { readPackage } = await import('../packages/read-package.ts')
    return readPackage(files, {
      ...(confirmedPrivate === undefined ? {} : { confirmedPrivate }),
      ...(leftOut === undefined ? {} : { leftOut }),
      ...(options.folder === undefined ? {} : { folder: options.folder }),
      ...(options.fields === undefined ? {} : { fields: options.fields }),
      knownVersions: registry.knownVersions,
    })
  }

  const read = (files: FileInput[], options: PublishOptions, operation: Operation): Promise<ReadPackage> =>
    operation.run('check', async ({ span }) => {
      const found = await readFiles(files, options)
      span.setAttributes({ files: found.files.length, findings: found.check.findings.length, ok: found.check.ok })
      return found
    })

  const publish: DraftsDependencies['publish'] = async (pkg, dryRun, stage, operation) => {
    assertPublishable(pkg.check)
    const found = pkg.check.findings.filter(({ level }) => level === 'warning').map(({ reason }) => reason)
    if (dryRun) {
      const { root } = await stage(pkg.files)
      const { id, version, warnings } = publisher.prepare(pkg.check, { root })
      return { id, version, root: rootToText(root), warnings: [...found, ...warnings] }
    }
    const { id, version, root, warnings } = await operation.run('store', async ({ span }) => {
      const staged = await stage(pkg.files)
      const { root, size } = staged
      span.setAttributes({ files: pkg.files.length, bytes: size })
      // Nothing else refers to the content until its release is stored.
      const release = await keeper.hold([rootToText(root)])
      return publisher
        .publish(pkg.check, { root, size, fileCount: pkg.files.length, changes: content.changes(staged) })
        .finally(release)
    })
    operation.span.setAttributes({ package: id, version })
    published.add(1)
    deps.events.emit('published', id)
    packageCache.keep(id)
    publications.sendAll({ id, operation })
    return { id, version, root, warnings: [...found, ...warnings] }
  }

  /** An installed version keeps its content, even if the catalogue now has another root for it. */
  const installedRoot = (id: string, version: string): Uint8Array | undefined => {
    const entry = library.get(id, version)
    const root = entry === undefined ? undefined : textToRoot(entry.root)
    return root?.ok ? root.value : undefined
  }

  const installed = (id: string, version: string): Uint8Array => {
    const root = installedRoot(id, version)
    if (root === undefined) throw new Failure('NotInstalled', { code: 'not-installed', package: id, version })
    return root
  }

  const knownRoot = (id: string, version: string): Uint8Array | undefined =>
    installedRoot(id, version) ??
    registry.get(id)?.versions.find((each) => each.version === version)?.release?.release.root

  const rootOf = (id: string, version: string): Uint8Array => {
    const root = knownRoot(id, version)
    if (root === undefined)
      throw new Failure('VersionNotFound', { code: 'version-not-in-catalogue', package: id, version })
    return root
  }

  const brokenWithout = (id: string, version: string): LibraryEntry[] => {
    const entry = library.get(id, version)
    if (entry === undefined) throw new Failure('NotInstalled', { code: 'not-installed', package: id, version })
    return findBroken(entry, library.list(), (entry) => installedRelease(entry)?.dependencies ?? [])
  }

  /** The release behind a library entry: the one of its version with the same content. */
  const installedRelease = ({ id, version, root }: LibraryEntry): Release | undefined =>
    registry.releasesOf(id, version).find(({ release }) => rootToText(release.root) === root)?.release

  const commands: WithOperation<Omit<RunningEngine, 'stop' | 'run'>> = {
    flush: deps.flush,
    status: async () => deps.status.view(),

    check: async (operation, files, options = {}) => (await read(files, options, operation)).check,
    async readArchive(_, archive) {
      assertBytes(archive)
      // Loaded with the first archive: most people publish folders.
      const { readArchive } = await import('../packages/read-archive.ts')
      const { folder, files, leftOut } = await readArchive(archive)
      return { files, leftOut, ...(folder === undefined ? {} : { folder }) }
    },
    async publish(operation, files, options = {}) {
      const dryRun = options.dryRun === true
      const publishing = async (publication: Operation) =>
        publish(await read(files, options, publication), dryRun, content.stage, publication)
      return operation.run('publish', publishing, { dry_run: dryRun })
    },
    ...createDrafts({ read, publish, stage: content.stage, randomUuid: deps.randomUuid }),
    async yank(operation, id, version) {
      await publisher.yank(id, version)
      packageCache.keep(id)
      publications.sendAll({ id, operation })
    },

    search: async (operation, query) => deps.searches.search(query, operation),
    async describe(operation, id) {
      const found = registry.get(id)
      const release = found === undefined ? undefined : shownVersion(found)?.release?.release
      if (found === undefined || release === undefined)
        throw new Failure('PackageNotFound', { code: 'not-in-catalogue', spec: id, namesakes: [], more: 0 })
      const manifest = await deps.contents.manifest(release.root, operation)
      const here = await content.has(release.root)
      return packageToView(found, {
        trust: deps.trust.stateOf(found.publisher),
        dependents: registry.dependentsOf(id),
        namesakes: registry.bySlug(found.slug),
        isInstalled: (version: string) => library.get(id, version) !== undefined,
        heldBy: providerCounts.count(release.root, here),
        ...(manifest === undefined ? {} : { manifest }),
        now: deps.clock.latest(),
      })
    },
    preview: (operation, id) => deps.preview(id, operation),
    lookup: (operation, id) => packageCache.find(id, operation),

    async resolve(operation, specs) {
      assertSpecs(specs)
      const { packages } = await installs.resolve(specs, undefined, operation)
      return { packages: packages.map(({ id, version, rootText }) => ({ id, version, root: rootText })) }
    },
    async planInstall(operation, specs, options) {
      assertSpecs(specs)
      return installs.plan(specs, options, operation)
    },
    async install(operation, specs, options) {
      assertSpecs(specs)
      return installs.install(specs, options, operation)
    },
    async cancel(_, id) {
      deps.searches.cancel(id)
      await installs.cancel(id)
    },

    library: async () => [...library.list()],
    readFile: async (operation, id, version, path) => deps.contents.readFile(rootOf(id, version), path, operation),
    async exportZip(operation, id, version) {
      const root = installed(id, version)
      const manifest = await deps.contents.manifest(root, operation)
      if (manifest === undefined) throw new Failure('ContentUnavailable', { code: 'files-gone', package: id, version })
      const files: FileInput[] = []
      // Each file is read once; caching it would only evict files that are read again.
      for (const { path, executable } of manifest.files)
        files.push({ path, bytes: await content.readFile(root, path), ...(executable ? { executable } : {}) })
      const { writeArchive } = await import('../packages/write-archive.ts')
      return writeArchive(files)
    },
    async verify(_, id, version) {
      const damaged = await content.verify(installed(id, version))
      return { ok: damaged.length === 0, damaged }
    },
    async planUninstall(_, id, version) {
      const breaks = brokenWithout(id, version).map(({ id, slug, version, displayName }) => ({
        id,
        slug,
        version,
        displayName,
      }))
      const kept = keeper.keptBy(id, version)
      return { breaks, ...(kept === undefined ? {} : { kept }) }
    },
    async uninstall(_, id, version, options) {
      const broken = brokenWithout(id, version)
      if (broken.length > 0 && options?.force !== true) throw neededByOthers(id, version, broken)
      await keeper.uninstall(id, version)
      emit({ kind: 'library', revision: library.revision() })
    },

    async peers() {
      await deps.network.started
      return deps.network.peers.list()
    },
    async metrics() {
      // They observe the gauges.
      await deps.measurements.started().catch(() => {})
      return { ...viewMetrics(figures), ...cacheMetrics(deps.cacheView()), ...lookupStats(figures) }
    },
    async connect(operation, address) {
      await deps.network.started
      await deps.network.peers.connect(address, operation)
    },
    wake: async (_, reason) => deps.wake(reason),
    ...deps.peerCommands,
    ...ignoringOperation(deps.telemetryCommands),
  }
  const started = startCommandOperations<Omit<RunningEngine, 'stop' | 'run'>>(commands, {
    telemetry,
    signal,
    fromMemory: {
      lookup: packageCache.findInMemory,
      readFile(id, version, path) {
        const root = knownRoot(id, version)
        return root === undefined ? undefined : deps.contents.readFileInMemory(root, path)
      },
    },
  })
  return {
    ...started.commands,
    stop: deps.stop,
    run: (trace, name, ...given) => (name === 'stop' ? deps.stop() : started.run(name, given, parseTraceparent(trace))),
  }
}

const neededByOthers = (id: string, version: string, broken: readonly LibraryEntry[]): Failure => {
  const dependents = broken.slice(0, maxNamed).map((entry) => `${entry.slug} ${entry.version}`)
  return new Failure('NeededByOthers', {
    code: 'needed-by-others',
    package: id.slice(id.indexOf('/') + 1),
    version,
    dependents,
    more: broken.length - dependents.length,
  })
}

/** Packages or files named in one failure; `planUninstall` and `check` list all of them. */
const maxNamed = 20

/** @throws Failure of the first finding that forbids publishing. */
const assertPublishable = ({ ok, findings }: PackageCheck): void => {
  if (ok) return
  const fault = findings.find(({ level }) => level === 'error')
  if (fault === undefined) throw new Failure('InvalidArgument', { code: 'unpublishable' })
  const { name, reason, path, line, column } = fault
  const others = otherPrivate(fault, findings)
  const alsoPrivate = others.slice(0, maxNamed)
  throw new Failure(name as Failure['name'], {
    code: 'check-failed',
    finding: reason,
    ...(line === undefined ? {} : { path, line, column }),
    alsoPrivate,
    morePrivate: others.length - alsoPrivate.length,
  })
}

/** The other private files: a script sees no list of findings, so one failure names them all. */
const otherPrivate = (fault: Finding, findings: readonly Finding[]): string[] =>
  fault.name === 'PrivateFile'
    ? findings.flatMap(({ level, name, path }) =>
        level === 'error' && name === 'PrivateFile' && path !== undefined && path !== fault.path ? [path] : [],
      )
    : []
