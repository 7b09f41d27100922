import type { FailureView } from '../../workers/contract/failures.ts'
import type { UpdateBatch } from '../../workers/contract/updates.ts'
import type {
  InstallOptions,
  LookupResult,
  PackageView,
  TransferView,
  UninstallOptions,
  UninstallPlan,
  VerifyResult,
} from '../../workers/contract/views.ts'
import { type EngineClient, traceIdOf } from '../engine/client.ts'
import { askForFolder, canPickFolders } from '../lib/folder-picker.ts'
import { slugOf } from '../lib/names.ts'
import { downloadBytes, writeFolder } from '../lib/save.ts'
import { applyTheme, nextTheme } from '../lib/theme.ts'
import { noticeText } from '../text/notices.ts'
import { sayFailure, sayReason } from '../text/reasons.ts'
import { applyUpdates, hasEnded, withNotice, withoutTransfer, withTransfer } from './apply-updates.ts'
import { toFailureView } from './failure-view.ts'
import { createThrottle } from './latest.ts'
import { createNetworkCommands, type NetworkCommands } from './network-commands.ts'
import { createPublishCommands, type PublishCommands } from './publish-commands.ts'
import { createSearchCommands, type SearchCommands } from './search-commands.ts'
import type { Notice, Requested, State } from './state.ts'
import type { AppStore } from './store.ts'

/**
 * User commands. Only these files call the engine, and they write the results to the store.
 *
 * A command whose caller shows the outcome returns it (a value or a `FailureView`); all others report it in a notice.
 * No command rejects.
 */
export interface Commands extends SearchCommands, PublishCommands, NetworkCommands {
  /** Subscribes to the engine until the returned function is called; applies the `early` updates first. */
  start(early?: readonly UpdateBatch[]): () => void
  describe(id: string): Promise<void>
  /** Fetches the parts of a package view that are not in its records; the results arrive as updates. */
  preview(id: string): Promise<void>
  /** Looks up a package that is not in the catalogue. */
  lookup(id: string): Promise<LookupResult | FailureView>
  planInstall: EngineClientCommand<'planInstall'>
  /** Starts an install and returns the id of its transfer immediately. */
  install(specs: string[], options?: Pick<InstallOptions, 'allowMissing'>): string
  cancel(transferId: string): Promise<void>
  retry(transfer: TransferView): string
  dismissTransfer(transferId: string): void
  loadLibrary(): Promise<void>
  readFile: EngineClientCommand<'readFile'>
  /** Reads a file and hands it to the browser as a download. */
  saveFile(id: string, version: string, path: string): Promise<void>
  saveZip(id: string, version: string): Promise<void>
  saveFolder(id: string, version: string, paths: readonly string[]): Promise<void>
  verify(id: string, version: string): Promise<VerifyResult | FailureView>
  planUninstall(id: string, version: string): Promise<UninstallPlan | FailureView>
  uninstall(id: string, version: string, options?: UninstallOptions): Promise<void>
  yank(id: string, version: string): Promise<void>
  loadPeers(): Promise<void>
  connect(multiaddr: string): Promise<FailureView | undefined>
  changeTheme(): void
  notify(level: Notice['level'], message: string): void
  dismissNotice(id: string): void
}

/** An engine command that returns its failure. */
type EngineClientCommand<Name extends 'planInstall' | 'readFile'> = (
  ...parameters: Parameters<EngineClient[Name]>
) => Promise<Awaited<ReturnType<EngineClient[Name]>> | FailureView>

/** Minimum interval between list refreshes while a catalogue streams in (ms). */
const refreshGapMs = 250

/** Maximum cached package views: those of recently visited pages, so that going back is fast. */
const MAX_PACKAGES = 20

/** @param traceOf Finds the trace of a command by the promise that the client returned for it. */
export const createCommands = (client: EngineClient, store: AppStore, traceOf = traceIdOf): Commands => {
  const { getState, setState } = store
  const notify = createNotify(store)
  const search = createSearchCommands(client, store, traceOf)
  let transferCount = 0
  /** Options of each transfer, so that a retry uses the same ones. */
  const optionsById = new Map<string, Pick<InstallOptions, 'allowMissing'>>()

  /** Runs a command; a failure becomes a notice. */
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      notify('error', sayFailure(toFailureView(error)))
    }
  }

  const commands: Commands = {
    ...search,
    ...createPublishCommands(client, store, notify, traceOf),
    ...createNetworkCommands(client),

    start(early = []) {
      const refresh = createThrottle(search.refreshSearch, refreshGapMs)
      const apply = (batch: UpdateBatch): void => {
        const before = getState()
        const after = applyUpdates(before, batch)
        setState(after, true)
        if (after.catalogue.revision !== before.catalogue.revision) refresh()
        if (after.status?.searchablePeers !== before.status?.searchablePeers) search.considerPeers()
        if (after.libraryRevision !== before.libraryRevision) void commands.loadLibrary()
      }
      const unsubscribe = client.subscribe(apply)
      early.forEach(apply)
      client.ready.then(
        async () => {
          await attempt(async () => {
            const status = await client.status()
            setState((state) => applyUpdates(state, [{ kind: 'status', status }]))
          })
          setState({ engine: { phase: 'ready' } })
          search.refreshSearch()
          void commands.loadLibrary()
        },
        (error: unknown) => apply([{ kind: 'engine', ...toFailureView(error) }]),
      )
      return unsubscribe
    },

    async describe(id) {
      setState((state) => withPackage(state, id, { ...withoutFailure(state.packageById[id]), busy: true }))
      try {
        const value = await client.describe(id)
        setState((state) => withPackage(state, id, { ...staleness(state.packageById[id]), busy: false, value }))
      } catch (error) {
        const failure = toFailureView(error)
        setState((state) => withPackage(state, id, { ...state.packageById[id], busy: false, failure }))
      }
    },

    // The view shows which parts are unavailable.
    preview: (id) => client.preview(id).catch(() => {}),
    lookup: (id) => client.lookup(id).catch(toFailureView),
    planInstall: (specs, options) => client.planInstall(specs, options).catch(toFailureView),

    install(specs, options = {}) {
      transferCount += 1
      const transferId = `page-${Date.now().toString(36)}-${transferCount}`
      const transfer: TransferView = {
        id: transferId,
        specs,
        state: 'resolving',
        bytes: 0,
        totalBytes: 0,
        sources: 0,
        startedAt: Date.now(),
      }
      optionsById.set(transferId, options)
      setState((state) => withTransfer(state, transfer))
      const end = (change: Partial<TransferView>): void =>
        setState((state) => withTransfer(state, { ...(state.transferById[transferId] ?? transfer), ...change }))
      const installing = client.install(specs, { ...options, transferId })
      const traceId = traceOf(installing)
      if (traceId !== undefined)
        setState(({ traceIdByTransfer }) => ({ traceIdByTransfer: { ...traceIdByTransfer, [transferId]: traceId } }))
      installing.then(
        ({ warnings }) => {
          end({ state: 'done' })
          for (const warning of warnings) notify('warning', sayReason(warning))
        },
        (error: unknown) => {
          const failure = toFailureView(error)
          end(failure.name === 'Cancelled' ? { state: 'cancelled' } : { state: 'failed', failure })
        },
      )
      return transferId
    },

    cancel: (transferId) => attempt(() => client.cancel(transferId)),

    retry(transfer) {
      setState((state) => withoutTransfer(state, transfer.id))
      return commands.install(transfer.specs, optionsById.get(transfer.id))
    },

    dismissTransfer: (transferId) =>
      setState((state) => {
        const transfer = state.transferById[transferId]
        return transfer !== undefined && hasEnded(transfer.state) ? withoutTransfer(state, transferId) : state
      }),

    async loadLibrary() {
      setState(({ library }) => ({ library: { ...library, busy: true } }))
      try {
        const value = await client.library()
        setState({ library: { busy: false, value } })
      } catch (error) {
        setState(({ library }) => ({ library: { ...library, busy: false, failure: toFailureView(error) } }))
      }
    },

    readFile: (id, version, path) => client.readFile(id, version, path).catch(toFailureView),

    saveFile: (id, version, path) =>
      attempt(async () => {
        const bytes = await client.readFile(id, version, path)
        downloadBytes(new Uint8Array(bytes), path.split('/').at(-1) ?? path, 'application/octet-stream')
      }),

    saveZip: (id, version) =>
      attempt(async () => {
        const bytes = await client.exportZip(id, version)
        downloadBytes(new Uint8Array(bytes), `${slugOf(id)}-${version}.zip`, 'application/zip')
      }),

    saveFolder: (id, version, paths) =>
      attempt(async () => {
        if (!canPickFolders()) return commands.saveZip(id, version)
        const root = await askForFolder('readwrite')
        if (root === undefined) return
        const name = slugOf(id)
        await writeFolder(root, name, paths, (path) => client.readFile(id, version, path))
        notify('success', noticeText.saved({ name: `${name} ${version}`, path: `${root.name}/${name}` }))
      }),

    verify: (id, version) => client.verify(id, version).catch(toFailureView),

    planUninstall: (id, version) => client.planUninstall(id, version).catch(toFailureView),

    uninstall: (id, version, options) =>
      attempt(async () => {
        await client.uninstall(id, version, options)
        notify('success', noticeText.removed({ name: `${slugOf(id)} ${version}` }))
        await commands.loadLibrary()
      }),

    yank: (id, version) =>
      attempt(async () => {
        await client.yank(id, version)
        notify('success', noticeText.yanked({ name: `${slugOf(id)} ${version}` }))
        await commands.describe(id)
      }),

    async loadPeers() {
      try {
        setState({ peers: await client.peers() })
      } catch {
        // The table keeps its rows; the network line shows the failure.
      }
    },

    async connect(multiaddr) {
      try {
        await client.connect(multiaddr)
        notify('success', noticeText.connected)
        await commands.loadPeers()
        return undefined
      } catch (error) {
        return toFailureView(error)
      }
    },

    changeTheme() {
      const theme = nextTheme(getState().theme)
      applyTheme(theme)
      setState({ theme })
    },

    notify,
    dismissNotice: (id) => setState(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) })),
  }
  return commands
}

const createNotify = (store: AppStore): Commands['notify'] => {
  let count = 0
  return (level, message) => {
    count += 1
    store.setState((state) => withNotice(state, { id: `page:${count}`, level, message }))
  }
}

const withPackage = (state: State, id: string, requested: Requested<PackageView>): Partial<State> => {
  const { [id]: _older, ...others } = state.packageById
  const kept = Object.entries(others).slice(-(MAX_PACKAGES - 1))
  return { packageById: { ...Object.fromEntries(kept), [id]: requested } }
}

const withoutFailure = (requested: Requested<PackageView> | undefined): Pick<Requested<PackageView>, 'value'> =>
  requested?.value === undefined ? {} : { value: requested.value }

/** Keeps the stale mark of a change during the request: the answer may predate it. */
const staleness = (requested: Requested<PackageView> | undefined): Pick<Requested<PackageView>, 'stale'> =>
  requested?.stale ? { stale: true } : {}
