import type { EngineClient } from './engine/client.ts'

/**
 * `window.ggen` for scripts and tests: the engine client that the page itself uses.
 *
 * Every command resolves with plain data (`workers/contract/views.ts`) or rejects with an `Error` whose `name` is one of
 * `failureNames` (`workers/contract/failures.ts`). Commands may be called before `ready` and wait for it.
 */
export type Ggen = Pick<
  EngineClient,
  | 'ready'
  | 'subscribe'
  | 'status'
  | 'check'
  | 'readArchive'
  | 'publish'
  | 'yank'
  | 'search'
  | 'describe'
  | 'lookup'
  | 'resolve'
  | 'planInstall'
  | 'install'
  | 'cancel'
  | 'library'
  | 'readFile'
  | 'exportZip'
  | 'verify'
  | 'planUninstall'
  | 'uninstall'
  | 'peers'
  | 'metrics'
  | 'connect'
  | 'wake'
>

declare global {
  interface Window {
    ggen: Ggen
  }
}

export const createGgen = (client: EngineClient): Ggen => ({
  ready: client.ready,
  subscribe: client.subscribe,
  status: client.status,
  check: client.check,
  readArchive: client.readArchive,
  publish: client.publish,
  yank: client.yank,
  search: client.search,
  describe: client.describe,
  lookup: client.lookup,
  resolve: client.resolve,
  planInstall: client.planInstall,
  install: client.install,
  cancel: client.cancel,
  library: client.library,
  readFile: client.readFile,
  exportZip: client.exportZip,
  verify: client.verify,
  planUninstall: client.planUninstall,
  uninstall: client.uninstall,
  peers: client.peers,
  metrics: client.metrics,
  connect: client.connect,
  wake: client.wake,
})
