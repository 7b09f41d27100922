import { toFailure } from '../workers/contract/failures.ts'
import type { AnyReason } from '../workers/contract/reason-values.ts'
import type { Finding, InstallPlan, InstallResult, PackageCheck, PublishResult } from '../workers/contract/views.ts'
import type { EngineClient } from './engine/client.ts'

/**
 * What scripts and tests use as `window.ggen`: the engine client of the page itself.
 *
 * Every command resolves with plain data (`workers/contract/views.ts`) or rejects with an `Error` whose `name` is one of
 * `failureNames` (`workers/contract/failures.ts`), whose `message` is a sentence and whose `reason` is the code with its
 * values. Warnings are sentences and findings have one as `message`; other reasons are codes with values. Commands may be
 * called before `ready` and wait for it.
 */
export type Ggen = Worded &
  Pick<
    EngineClient,
    | 'ready'
    | 'subscribe'
    | 'status'
    | 'readArchive'
    | 'yank'
    | 'search'
    | 'describe'
    | 'lookup'
    | 'resolve'
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

interface Worded {
  check(...args: Parameters<EngineClient['check']>): Promise<WithSentences<PackageCheck>>
  publish(...args: Parameters<EngineClient['publish']>): Promise<WithSentences<PublishResult>>
  planInstall(...args: Parameters<EngineClient['planInstall']>): Promise<WithSentences<InstallPlan>>
  install(...args: Parameters<EngineClient['install']>): Promise<WithSentences<InstallResult>>
}

type WithSentences<T> = Omit<T, 'warnings' | 'findings'> &
  (T extends { warnings: unknown } ? { warnings: string[] } : unknown) &
  (T extends { findings: unknown } ? { findings: (Finding & { message: string })[] } : unknown)

declare global {
  interface Window {
    ggen: Ggen
  }
}

export const createGgen = (client: EngineClient): Ggen => {
  const ready = worded(client.ready)
  // Whoever waits for it hears of its failure.
  ready.catch(() => {})
  return {
    ready,
    subscribe: client.subscribe,
    async check(...args) {
      const { findings, ...check } = await worded(client.check(...args))
      const { sayFailure } = await words()
      return { ...check, findings: findings.map((finding) => ({ ...finding, message: sayFailure(finding) })) }
    },
    publish: async (...args) => withWarnings(await worded(client.publish(...args))),
    planInstall: async (...args) => withWarnings(await worded(client.planInstall(...args))),
    install: async (...args) => withWarnings(await worded(client.install(...args))),
    status: (...args) => worded(client.status(...args)),
    readArchive: (...args) => worded(client.readArchive(...args)),
    yank: (...args) => worded(client.yank(...args)),
    search: (...args) => worded(client.search(...args)),
    describe: (...args) => worded(client.describe(...args)),
    lookup: (...args) => worded(client.lookup(...args)),
    resolve: (...args) => worded(client.resolve(...args)),
    cancel: (...args) => worded(client.cancel(...args)),
    library: (...args) => worded(client.library(...args)),
    readFile: (...args) => worded(client.readFile(...args)),
    exportZip: (...args) => worded(client.exportZip(...args)),
    verify: (...args) => worded(client.verify(...args)),
    planUninstall: (...args) => worded(client.planUninstall(...args)),
    uninstall: (...args) => worded(client.uninstall(...args)),
    peers: (...args) => worded(client.peers(...args)),
    metrics: (...args) => worded(client.metrics(...args)),
    connect: (...args) => worded(client.connect(...args)),
    wake: (...args) => worded(client.wake(...args)),
  }
}

/** Loaded when a script first needs them: the page starts the engine before it reads its words. */
const words = () => import('./text/reasons.ts')

/** Rejects with the sentence of a failure as its message. */
const worded = async <T>(outcome: Promise<T>): Promise<T> => {
  try {
    return await outcome
  } catch (thrown) {
    const failure = toFailure(thrown)
    const { name, reason } = failure
    const message = await words().then(
      ({ sayFailure }) => sayFailure(failure),
      () => failure.message,
    )
    throw Object.assign(new Error(message), { name, reason })
  }
}

const withWarnings = async <T extends { warnings: readonly AnyReason[] }>({ warnings, ...result }: T) => {
  const { sayReason } = await words()
  return { ...result, warnings: warnings.map(sayReason) }
}
