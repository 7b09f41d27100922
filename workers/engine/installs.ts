import type { ContentStore } from '../content/content-store.ts'
import { fetchContent } from '../content/fetch.ts'
import { assertExpected, type FetchDependencies } from '../content/fetch-options.ts'
import { Failure, toFailure } from '../contract/failures.ts'
import type { InstallOptions, InstallPlan, InstallResult, LibraryEntry, TransferView } from '../contract/views.ts'
import type { Reputation } from '../peers/reputation.ts'
import { rootToText, toHex } from '../protocol/ids.ts'
import type { Release } from '../protocol/release.ts'
import type { Library } from '../registry/library.ts'
import type { Registry } from '../registry/registry.ts'
import { type Resolution, resolve } from '../registry/resolve.ts'
import type { BegunTransfer, Transfers } from '../registry/transfers.ts'
import type { Trust } from '../registry/trust.ts'
import { relayedContentBytes } from '../stack/limits.ts'
import { type Operation, runOperation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { AskPeersForPackages } from './ask-peers-for-packages.ts'
import type { ContentKeeper } from './content-keeper.ts'
import type { Network } from './network.ts'
import { createSharedFetch } from './shared-fetch.ts'
import { throttle } from './throttle.ts'

/** Packages of one install fetched in parallel: enough to hide the round trips of small ones. */
const parallelFetches = 3

/** Interval between progress reports (ms): people see no more, and each report costs the worker and the page. */
const progressEveryMs = 100

export interface InstallsDependencies {
  registry: Registry
  content: ContentStore
  keeper: Pick<ContentKeeper, 'hold'>
  library: Library
  transfers: Transfers
  trust: Trust
  reputation: Pick<Reputation, 'observe' | 'rank'>
  network: Pick<Network, 'started' | 'content'> & { readonly peers: Pick<Network['peers'], 'drop' | 'report'> }
  askPeersForPackages: AskPeersForPackages
  telemetry: Telemetry
  signal: AbortSignal
  /** Wall clock (ms since the epoch). */
  now(): number
  /** Monotonic (ms). */
  monotonic(): number
  randomUuid(): string
  onTransfer(transfer: TransferView): void
  /** Called with verified packages, which can now be provided to others. */
  onInstalled(entries: readonly LibraryEntry[]): void
}

export interface Installs {
  /** Asks peers for packages missing from the catalogue while it is not complete. */
  resolve(specs: readonly string[], options: InstallOptions | undefined, operation: Operation): Promise<Resolution>
  plan(specs: readonly string[], options: InstallOptions | undefined, operation: Operation): Promise<InstallPlan>
  install(specs: readonly string[], options: InstallOptions | undefined, operation: Operation): Promise<InstallResult>
  /** Durable when it resolves: the install is not resumed. */
  cancel(transferId: string): Promise<void>
  /** Resumes the installs of a closed or reloaded tab. */
  resume(): void
  /** Fetches the content of a release unless it is present; concurrent calls share one fetch. */
  ensure(release: Release, operation: Operation): Promise<void>
}

/**
 * Installs packages: resolve, fetch from any provider, verify, keep.
 *
 * An install is stored durably before it begins. It ends with all its packages in the library or with a reported
 * failure, so a reload in the middle resumes it. A package enters the library only after every piece and file of it and
 * of its dependencies is verified.
 */
export const createInstalls = (deps: InstallsDependencies): Installs => {
  const { registry, content, keeper, library, transfers, trust, reputation, network, onTransfer, now, monotonic } = deps
  const { telemetry } = deps
  const log = telemetry.logger('install')
  const installed = telemetry.meter.createCounter('packages_installed')
  const duration = telemetry.meter.createHistogram('package_install_duration')
  const controllerById = new Map<string, AbortController>()
  const runById = new Map<string, { specs: readonly string[]; result: Promise<InstallResult> }>()

  /** Ids of running installs that a person cancelled. */
  const cancelled = new Set<string>()

  const resolveSpecs = async (
    specs: readonly string[],
    options: InstallOptions = {},
    operation: Operation,
  ): Promise<Resolution> =>
    operation.run('resolve', async (resolving) => {
      await deps.askPeersForPackages(specs, resolving)
      const resolution = resolve(specs, {
        catalogue: registry,
        trust: trust.stateOf,
        installed: library.list(),
        ...(options.allowMissing === undefined ? {} : { allowMissing: options.allowMissing }),
      })
      resolving.span.setAttributes({ packages: resolution.packages.length, steps: resolution.steps })
      return resolution
    })

  const releaseOf = (id: string, version: string): Release | undefined =>
    registry.get(id)?.versions.find((each) => each.version === version)?.release?.release

  const plan: Installs['plan'] = async (specs, options, operation) => {
    const { packages, warnings } = await resolveSpecs(specs, options, operation)
    const present = await Promise.all(packages.map(({ root }) => content.has(root)))
    return {
      packages: packages.map(({ id, version, rootText, slug, size, requiredBy }) => ({
        id,
        version,
        slug,
        size,
        requiredBy,
        root: rootText,
        installed: library.get(id, version) !== undefined,
      })),
      bytes: packages.reduce((sum, { size }, at) => sum + (present[at] ? 0 : size), 0),
      warnings,
    }
  }

  const sharedFetch = createSharedFetch(async ({ root, ...expected }, operation, onProgress) => {
    const manifest = await content.manifest(root)
    if (manifest !== undefined) assertExpected(manifest, expected)
    if (await content.has(root)) return 0
    if (!(await network.started)) throw new Failure('ContentUnavailable', { code: 'network-not-started' })
    const { bytes } = await fetchContent(root, fetchDependencies, {
      operation,
      expected,
      onProgress: ({ bytes, sources, relayed = false }) => onProgress(bytes, sources, relayed),
    })
    return bytes
  })

  const fetchDependencies: FetchDependencies = {
    telemetry,
    content,
    findProviders: network.content.findProviders,
    openStream: network.content.openStream,
    get relayed() {
      return network.content.relayed
    },
    report(peer, event) {
      if (event.kind === 'violation') network.peers.drop(peer, 'hash')
      else if (event.kind === 'failed') {
        reputation.observe(peer, { kind: 'failed' })
        network.peers.report(peer, 'failed')
      } else {
        network.peers.report(peer, 'answered')
        reputation.observe(peer, { kind: 'transfer', bytes: event.bytes, ms: event.ms })
      }
    },
    rank: (peers) => reputation.rank(peers),
    now: monotonic,
  }

  const start = (
    begun: BegunTransfer,
    options: InstallOptions,
    isNew: boolean,
    operation: Operation,
  ): Promise<InstallResult> => {
    const underWay = runById.get(begun.id)
    // A tab repeats the command when the engine that received it first is gone.
    if (underWay !== undefined && sameTexts(underWay.specs, begun.specs)) return underWay.result
    if (underWay !== undefined) throw new Failure('InvalidArgument', { code: 'transfer-id-taken', transfer: begun.id })
    const result = run(begun, options, isNew, operation).finally(() => {
      runById.delete(begun.id)
      cancelled.delete(begun.id)
    })
    runById.set(begun.id, { specs: begun.specs, result })
    return result
  }

  /** Runs a transfer under its id, so that it can be cancelled from the start and never runs twice at once. */
  const run = async (
    begun: BegunTransfer,
    options: InstallOptions,
    isNew: boolean,
    operation: Operation,
  ): Promise<InstallResult> => {
    const controller = new AbortController()
    controllerById.set(begun.id, controller)
    try {
      if (isNew) await transfers.begin(begun)
      return await transferPackages(begun, options, controller, operation.withSignal(controller.signal))
    } finally {
      controllerById.delete(begun.id)
    }
  }

  const transferPackages = async (
    begun: BegunTransfer,
    options: InstallOptions,
    controller: AbortController,
    operation: Operation,
  ): Promise<InstallResult> => {
    const started = monotonic()
    const { signal } = operation
    const transfer: TransferView = {
      id: begun.id,
      specs: [...begun.specs],
      startedAt: begun.startedAt,
      state: 'resolving',
      bytes: 0,
      totalBytes: 0,
      sources: 0,
    }
    const report = (change: Partial<TransferView>): void => {
      Object.assign(transfer, change)
      onTransfer({ ...transfer })
    }
    report({})
    let release = (): void => {}
    try {
      signal.throwIfAborted()
      const { packages, warnings } = await resolveSpecs(begun.specs, options, operation)
      release = await keeper.hold(packages.map(({ rootText }) => rootText))
      const bytesByRoot = new Map<string, number>()
      report({ state: 'finding', totalBytes: packages.reduce((sum, { size }) => sum + size, 0) })

      /** Contents requested only through relays. */
      const relayedRoots = new Set<string>()
      let fetched = 0
      const reportFetching = throttle(
        progressEveryMs,
        () =>
          report({
            state: 'fetching',
            bytes: sum(bytesByRoot.values()),
            limit: relayedRoots.size > 0 ? { reason: 'relayed', bytes: relayedContentBytes } : undefined,
          }),
        monotonic,
      )
      const waiting = [...packages]
      const work = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          const { id, version, root, rootText, size } = next
          const fileCount = releaseOf(id, version)?.fileCount ?? 0
          const received = await sharedFetch({ root, size, fileCount }, operation, (bytes, sources, relayed) => {
            bytesByRoot.set(rootText, bytes)
            if (relayed) relayedRoots.add(rootText)
            else relayedRoots.delete(rootText)
            transfer.sources = Math.max(transfer.sources, sources)
            reportFetching()
          })
          fetched += received
          bytesByRoot.set(rootText, size)
          relayedRoots.delete(rootText)
          report({ bytes: sum(bytesByRoot.values()) })
        }
      }
      await allOrFirstFailure(Array.from({ length: parallelFetches }, work), controller)
      signal.throwIfAborted()
      report({ state: 'verifying', limit: undefined })

      const entries = await Promise.all(packages.map((each) => toLibraryEntry(each)))
      for (const entry of entries) await library.add(entry)
      for (const { publisher } of packages)
        await trust.remember(publisher, registry.identityOf(publisher)?.name ?? '', now())
      await transfers.end(begun.id)
      report({ state: 'done', bytes: transfer.totalBytes })
      const tookMs = monotonic() - started
      installed.add(entries.length)
      duration.record(tookMs)
      operation.span.setAttributes({ packages: entries.length, bytes: fetched, sources: transfer.sources })
      log.debug('installed', { transfer: begun.id, packages: entries.length, bytes: fetched })
      deps.onInstalled(entries)
      return {
        installed: packages.map(({ id, version, rootText }) => ({ id, version, root: rootText })),
        bytes: fetched,
        tookMs,
        warnings,
      }
    } catch (thrown) {
      // A stop does not end an install: its record stays, no failure is reported, and the next start resumes it.
      if (deps.signal.aborted && !cancelled.has(begun.id)) throw stopped()
      // A cancel, or the first failure among several fetches, is the reason why the others were aborted.
      const failure = toFailure(controller.signal.aborted ? controller.signal.reason : thrown)
      log.debug('install failed', { transfer: begun.id, name: failure.name, reason: failure.reason.code })
      await transfers.end(begun.id).catch(() => {})
      report({
        state: failure.name === 'Cancelled' ? 'cancelled' : 'failed',
        failure: { name: failure.name, reason: failure.reason },
        limit: undefined,
      })
      throw failure
    } finally {
      release()
    }
  }

  const toLibraryEntry = async (resolved: Resolution['packages'][number]): Promise<LibraryEntry> => {
    const { id, version, slug, root, rootText, size, asked } = resolved
    const manifest = await content.manifest(root)
    if (manifest === undefined) throw new Failure('ContentUnavailable', { code: 'files-gone', package: slug, version })
    const release = releaseOf(id, version)
    return {
      id,
      version,
      slug,
      size,
      root: rootText,
      displayName: release?.displayName ?? slug,
      publisherName: registry.get(id)?.identity.name ?? '',
      installedAt: now(),
      // Once installed by request, a package stays so.
      asDependency: !asked && (library.get(id, version)?.asDependency ?? true),
      files: manifest.files.map(({ path, size, sha256 }) => ({ path, size, sha256: toHex(sha256) })),
    }
  }

  return {
    resolve: (specs, options, operation) => resolveSpecs(specs, options, operation),
    plan,
    async install(specs, options = {}, operation) {
      if (options.dryRun) {
        const started = monotonic()
        const { packages, bytes, warnings } = await plan(specs, options, operation)
        const installed = packages.map(({ id, version, root }) => ({ id, version, root }))
        return { installed, bytes, warnings, tookMs: monotonic() - started }
      }
      const id = options.transferId ?? deps.randomUuid()
      const begun = { id, specs: [...specs], allowMissing: options.allowMissing ?? false, startedAt: now() }
      return operation.run('install', (installing) => start(begun, options, true, installing), { transfer: id })
    },
    async cancel(transferId) {
      if (runById.has(transferId)) cancelled.add(transferId)
      controllerById.get(transferId)?.abort(new Failure('Cancelled', { code: 'install-cancelled' }))
      // The same command cancels searches, which cost no write.
      if (cancelled.has(transferId) || transfers.list().some(({ id }) => id === transferId))
        await transfers.end(transferId)
    },
    resume() {
      for (const begun of transfers.list()) {
        if (runById.has(begun.id)) continue
        // The transfer's update reports a failure: no caller awaits a resumed install.
        const work = (operation: Operation): Promise<InstallResult> =>
          start(begun, { allowMissing: begun.allowMissing }, false, operation)
        const attributes = { transfer: begun.id, resumed: true }
        runOperation(telemetry.tracer, 'install', deps.signal, work, attributes).catch(() => {})
      }
    },
    async ensure({ root, size, fileCount }, operation) {
      const release = await keeper.hold([rootToText(root)])
      await sharedFetch({ root, size, fileCount }, operation, () => {}).finally(release)
    },
  }
}

const stopped = (): Failure => new Failure('Stopped', { code: 'install-interrupted' })

const sum = (values: Iterable<number>): number => {
  let total = 0
  for (const value of values) total += value
  return total
}

/** Waits for all; the first failure aborts the others and is thrown. */
const allOrFirstFailure = async (work: Promise<void>[], controller: AbortController): Promise<void> => {
  try {
    await Promise.all(work)
  } catch (failure) {
    controller.abort(failure)
    await Promise.allSettled(work)
    throw failure
  }
}

const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, at) => text === b[at])
