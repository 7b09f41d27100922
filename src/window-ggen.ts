import { type ScriptCommand, scriptCommands } from '../workers/contract/command-table.ts'
import { toFailure } from '../workers/contract/failures.ts'
import type { AnyReason } from '../workers/contract/reason-values.ts'
import type { Finding } from '../workers/contract/views.ts'
import type { EngineClient } from './engine/client.ts'

/**
 * `window.ggen` for scripts and tests: the engine client that the page itself uses.
 *
 * Every command resolves with plain data (`workers/contract/views.ts`) or rejects with an `Error` whose `name` is one of
 * `failureNames` (`workers/contract/failures.ts`), whose `message` is a sentence and whose `reason` is the code with its
 * values. Warnings are sentences and findings have one as `message`; other reasons are codes with values. Commands may be
 * called before `ready` and wait for it.
 */
export type Ggen = Pick<EngineClient, 'ready' | 'subscribe' | Exclude<ScriptCommand, WordedCommand>> & {
  [Name in WordedCommand]: (
    ...args: Parameters<EngineClient[Name]>
  ) => Promise<InWords<Awaited<ReturnType<EngineClient[Name]>>>>
}

/** Commands whose results have warnings or findings. */
type WordedCommand = 'check' | 'publish' | 'planInstall' | 'install'

type InWords<T> = Omit<T, 'warnings' | 'findings'> &
  (T extends { warnings: unknown } ? { warnings: string[] } : unknown) &
  (T extends { findings: unknown } ? { findings: (Finding & { message: string })[] } : unknown)

declare global {
  interface Window {
    ggen: Ggen
  }
}

export const createGgen = (client: EngineClient): Ggen => {
  const ready = worded(client.ready)
  // Its failure is reported to callers that await it.
  ready.catch(() => {})
  const commands = Object.fromEntries(
    scriptCommands.map((name) => {
      const command = client[name] as (...args: unknown[]) => Promise<unknown>
      return [name, (...args: unknown[]) => worded(command(...args))]
    }),
  ) as unknown as Pick<EngineClient, ScriptCommand>
  return {
    ...commands,
    ready,
    subscribe: client.subscribe,
    async check(...args) {
      const { findings, ...check } = await commands.check(...args)
      const { sayFailure } = await loadWords()
      return { ...check, findings: findings.map((finding) => ({ ...finding, message: sayFailure(finding) })) }
    },
    publish: async (...args) => withWarnings(await commands.publish(...args)),
    planInstall: async (...args) => withWarnings(await commands.planInstall(...args)),
    install: async (...args) => withWarnings(await commands.install(...args)),
  }
}

/**
 * Loads the words when a script first needs them: the page starts the engine without them. Where they cannot be loaded
 * any more, as after the server is gone, codes stand for them: what a command did must not look like a failure.
 */
const loadWords = (): Promise<Pick<typeof import('./text/reasons.ts'), 'sayFailure' | 'sayReason'>> =>
  import('./text/reasons.ts').catch(() => ({
    sayFailure: ({ reason }) => JSON.stringify(reason),
    sayReason: ({ code }) => code,
  }))

/** Rejects with the sentence of a failure as its message. */
const worded = async <T>(outcome: Promise<T>): Promise<T> => {
  try {
    return await outcome
  } catch (thrown) {
    const failure = toFailure(thrown)
    const { name, reason } = failure
    const { sayFailure } = await loadWords()
    throw Object.assign(new Error(sayFailure(failure)), { name, reason })
  }
}

const withWarnings = async <T extends { warnings: readonly AnyReason[] }>({ warnings, ...result }: T) => {
  const { sayReason } = await loadWords()
  return { ...result, warnings: warnings.map(sayReason) }
}
