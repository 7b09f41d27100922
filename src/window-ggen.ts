import { type ScriptCommand, scriptCommands } from '../workers/contract/command-table.ts'
import type { EngineClient } from './engine/client.ts'

/**
 * `window.ggen` for scripts and tests: the engine client that the page itself uses.
 *
 * Every command resolves with plain data (`workers/contract/views.ts`) or rejects with an `Error` whose `name` is one of
 * `failureNames` (`workers/contract/failures.ts`). Commands may be called before `ready` and wait for it.
 */
export type Ggen = Pick<EngineClient, 'ready' | 'subscribe' | ScriptCommand>

declare global {
  interface Window {
    ggen: Ggen
  }
}

export const createGgen = (client: EngineClient): Ggen => {
  const commands = Object.fromEntries(scriptCommands.map((name) => [name, client[name]]))
  return { ready: client.ready, subscribe: client.subscribe, ...(commands as Pick<EngineClient, ScriptCommand>) }
}
