import type { EngineCommands } from './commands.ts'
import type { FailureName } from './failures.ts'

/**
 * The one list of the engine's commands, with their rules for every layer between a caller and the engine. A new
 * command needs a line here, a type in `commands.ts` and an implementation in `engine/commands.ts`, or it does not
 * compile.
 */
export interface CommandRule {
  /**
   * Permitted callers. `page`: only the page whose own worker runs the engine; `tabs`: every tab of the profile;
   * `scripts`: every tab, and scripts through `window.ggen`.
   */
  readonly by: 'page' | 'tabs' | 'scripts'
  /**
   * Handling of a command whose engine ends before it answers. `idempotent`: sent again to the next engine;
   * `same-engine`: refers to state of that engine only, and fails as `Stopped`.
   */
  readonly retry: 'idempotent' | 'same-engine'
  /**
   * Direction in which it carries bytes of package size: they are sent in chunks between tabs, and those of a result
   * are transferred to the page, so an implementation must not keep them. Columns of numbers are transferred too, and
   * cross tabs as part of a message.
   */
  readonly bytes: 'none' | 'in' | 'out' | 'both'
  /** The failure of a retry that means that the first try succeeded. */
  readonly doneBefore?: FailureName
  /**
   * `begins`: starts a transfer with the `transferId` of its second argument, generated if absent; `cancels`: cancels
   * the transfer with the id in its first argument, which is not retried afterwards.
   */
  readonly transfer?: 'begins' | 'cancels'
  /** Cannot be the cause of an engine that stops answering, so every next engine gets it. */
  readonly harmless?: true
  /**
   * Has no span and no count: it only reads state of the engine that is in memory, in some microseconds, and the page polls
   * it, so that its traces would push out those of work; or it comes from the page's life cycle, not from a person.
   */
  readonly unmeasured?: true
  /** The command that closes what this one opened, by the `id` of its result, when the calling tab is gone. */
  readonly closedBy?: 'closeDraft'
}

export const commandTable = {
  start: { by: 'page', retry: 'same-engine', bytes: 'none' },
  stop: { by: 'page', retry: 'same-engine', bytes: 'none' },
  flush: { by: 'page', retry: 'same-engine', bytes: 'none', unmeasured: true },
  status: { by: 'scripts', retry: 'idempotent', bytes: 'none', harmless: true, unmeasured: true },

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

  library: { by: 'scripts', retry: 'idempotent', bytes: 'none', unmeasured: true },
  readFile: { by: 'scripts', retry: 'idempotent', bytes: 'out' },
  exportZip: { by: 'scripts', retry: 'idempotent', bytes: 'out' },
  verify: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  planUninstall: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  uninstall: { by: 'scripts', retry: 'idempotent', bytes: 'none', doneBefore: 'NotInstalled' },

  peers: { by: 'scripts', retry: 'idempotent', bytes: 'none', unmeasured: true },
  metrics: { by: 'scripts', retry: 'idempotent', bytes: 'none', unmeasured: true },
  connect: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  peer: { by: 'scripts', retry: 'idempotent', bytes: 'none', unmeasured: true },
  ping: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  disconnect: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  ban: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  unban: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  reputation: { by: 'scripts', retry: 'idempotent', bytes: 'none', unmeasured: true },

  samples: { by: 'scripts', retry: 'idempotent', bytes: 'out', unmeasured: true },
  percentiles: { by: 'scripts', retry: 'idempotent', bytes: 'none', unmeasured: true },
  traces: { by: 'scripts', retry: 'idempotent', bytes: 'none', unmeasured: true },
  objectives: { by: 'scripts', retry: 'idempotent', bytes: 'none', unmeasured: true },
  telemetry: { by: 'scripts', retry: 'idempotent', bytes: 'none', unmeasured: true },
  setTelemetry: { by: 'scripts', retry: 'idempotent', bytes: 'none' },
  wake: { by: 'scripts', retry: 'idempotent', bytes: 'none', unmeasured: true },
} as const satisfies CommandTable

/** Exactly one rule for each command. */
export type CommandTable = Readonly<Record<keyof EngineCommands, CommandRule>>

/** Commands permitted to one of these callers. */
type CommandsBy<By extends CommandRule['by']> = {
  [Name in keyof EngineCommands]: (typeof commandTable)[Name]['by'] extends By ? Name : never
}[keyof EngineCommands]

/** Commands of every tab, whichever tab runs the engine. */
export type TabCommand = CommandsBy<'tabs' | 'scripts'>

/** Commands of `window.ggen`. */
export type ScriptCommand = CommandsBy<'scripts'>

export const ruleOf = (command: keyof EngineCommands): CommandRule => commandTable[command]

/** True if the arguments (`in`) or the result (`out`) hold bytes. */
export const carriesBytes = (command: keyof EngineCommands, way: 'in' | 'out'): boolean => {
  const { bytes } = ruleOf(command)
  return bytes === way || bytes === 'both'
}

/** False for any other name, as in tests with commands of their own. */
export const isUnmeasured = (command: string): boolean =>
  Object.hasOwn(commandTable, command) && ruleOf(command as keyof EngineCommands).unmeasured === true

export const commandNames = Object.keys(commandTable) as readonly (keyof EngineCommands)[]

export const tabCommands = commandNames.filter((name): name is TabCommand => ruleOf(name).by !== 'page')

export const scriptCommands = commandNames.filter((name): name is ScriptCommand => ruleOf(name).by === 'scripts')
