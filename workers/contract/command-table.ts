import type { EngineCommands } from './commands.ts'
import type { FailureName } from './failures.ts'

/**
 * The one list of the engine's commands, with what everything between a caller and the engine has to know of them. A new
 * command is a line here, a type in `commands.ts` and an implementation in `engine/commands.ts`; what is missing does
 * not compile.
 */
export interface CommandRule {
  /**
   * Who may give it. `page`: only the page whose own worker runs the engine; `tabs`: every tab of the profile; `scripts`:
   * those, and scripts through `window.ggen`.
   */
  readonly by: 'page' | 'tabs' | 'scripts'
  /**
   * What becomes of it when its engine is gone before it answered. `idempotent`: the next engine gets it, since doing it
   * twice is as doing it once; `same-engine`: it is about something that only that engine had, and fails as `Stopped`.
   */
  readonly retry: 'idempotent' | 'same-engine'
  /**
   * Which way it carries bytes, as many as a package has: between tabs they go in chunks, and those of a result are
   * transferred to the page, so an implementation must not keep them.
   */
  readonly bytes: 'none' | 'in' | 'out' | 'both'
  /** The failure by which a second try finds that the first one worked. */
  readonly doneBefore?: FailureName
  /**
   * `begins`: it is known by the `transferId` of its second argument, which is made where there is none; `cancels`: its
   * first argument is such an id, and what was cancelled is not begun again.
   */
  readonly transfer?: 'begins' | 'cancels'
  /** It cannot be what stops an engine from answering, so it is asked of every next one. */
  readonly harmless?: true
  /** What it opens, under the `id` of its result, is closed by this command when the tab that asked is gone. */
  readonly closedBy?: 'closeDraft'
}

export const commandTable = {
  start: { by: 'page', retry: 'same-engine', bytes: 'none' },
  stop: { by: 'page', retry: 'same-engine', bytes: 'none' },
  flush: { by: 'page', retry: 'same-engine', bytes: 'none' },
  status: { by: 'scripts', retry: 'idempotent', bytes: 'none', harmless: true },

  check: { by: 'scripts', retry: 'idempotent', bytes: 'in' },
  readArchive: { by: 'scripts', retry: 'idempotent', bytes: 'both' },
  publish: { by: 'scripts', retry: 'idempotent', bytes: 'in' },
  openDraft: { by: 'tabs', retry: 'idempotent', bytes: 'in', closedBy: 'closeDraft' },
  changeDraft: { by: 'tabs', retry: 'same-engine', bytes: 'none' },
  publishDraft: { by: 'tabs', retry: 'same-engine', bytes: 'none' },
  closeDraft: { by: 'tabs', retry: 'same-engine', bytes: 'none' },
  yank: { by: 'scripts', retry: 'idempotent', bytes: 'none' },

  search: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  describe: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  preview: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  lookup: { by: 'scripts', retry: 'idempotent', bytes: 'none' },

  resolve: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  planInstall: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  install: { by: 'scripts', retry: 'idempotent', bytes: 'none', transfer: 'begins' },
  cancel: { by: 'scripts', retry: 'idempotent', bytes: 'none', transfer: 'cancels' },

  library: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  readFile: { by: 'scripts', retry: 'idempotent', bytes: 'out' },
  exportZip: { by: 'scripts', retry: 'idempotent', bytes: 'out' },
  verify: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  planUninstall: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  uninstall: { by: 'scripts', retry: 'idempotent', bytes: 'none', doneBefore: 'NotInstalled' },

  peers: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  metrics: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  connect: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  wake: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
} as const satisfies CommandTable

/** A rule for every command, and for nothing else. */
export type CommandTable = Readonly<Record<keyof EngineCommands, CommandRule>>

/** Commands that may be given by one of these. */
type CommandsBy<By extends CommandRule['by']> = {
  [Name in keyof EngineCommands]: (typeof commandTable)[Name]['by'] extends By ? Name : never
}[keyof EngineCommands]

/** What every tab may ask of the engine, wherever it runs. */
export type TabCommand = CommandsBy<'tabs' | 'scripts'>

/** What `window.ggen` offers. */
export type ScriptCommand = CommandsBy<'scripts'>

export const ruleOf = (command: keyof EngineCommands): CommandRule => commandTable[command]

/** Whether its arguments (`in`) or its result (`out`) hold bytes. */
export const carriesBytes = (command: keyof EngineCommands, way: 'in' | 'out'): boolean => {
  const { bytes } = ruleOf(command)
  return bytes === way || bytes === 'both'
}

export const commandNames = Object.keys(commandTable) as readonly (keyof EngineCommands)[]

export const tabCommands = commandNames.filter((name): name is TabCommand => ruleOf(name).by !== 'page')

export const scriptCommands = commandNames.filter((name): name is ScriptCommand => ruleOf(name).by === 'scripts')
