import { createRoot } from 'react-dom/client'
import { Router } from 'wouter'
import { memoryLocation } from 'wouter/memory-location'
import type { UpdateBatch } from '../../workers/contract/updates.ts'
import { App } from '../app.tsx'
import type { EngineClient } from '../engine/client.ts'
import { AppContext } from '../hooks/use-app.ts'
import { createLinks } from '../routes.ts'
import { applyUpdates } from '../store/apply-updates.ts'
import { createCommands } from '../store/commands.ts'
import type { State } from '../store/state.ts'
import { createPageStore } from '../store/store.ts'
import { drawingFailureText } from '../text/drawing-failures.ts'

/** The whole page in a test, over an engine whose answers the test supplies. */
export interface ShownPage {
  readonly element: HTMLElement
  /** Current address of the page. */
  address(): string
  setState(change: Partial<State>): void
  /** Delivers updates as the engine would. */
  tell(batch: UpdateBatch): void
  /** Text of each failed part. */
  failures(): string[]
  stop(): void
}

/** The trace of every command of a shown page. */
export const commandTraceId = '5'.repeat(32)

/** Commands without a supplied answer never settle. */
const silentClient = (answers: Partial<EngineClient>): EngineClient =>
  new Proxy(answers as EngineClient, {
    get: (target, name) => Reflect.get(target, name) ?? (() => new Promise(() => {})),
  })

export const showPage = (address: string, state: Partial<State>, answers: Partial<EngineClient> = {}): ShownPage => {
  const element = document.createElement('div')
  document.body.append(element)
  const client = silentClient(answers)
  const store = createPageStore('system')
  store.setState({ engine: { phase: 'ready' }, ...state })
  const [path = '/', searchPath = ''] = address.split('?')
  const { hook, searchHook, history } = memoryLocation({ path, searchPath, record: true })
  // Some tests make parts throw on purpose; the console would repeat each error.
  const root = createRoot(element, { onCaughtError() {} })
  root.render(
    <AppContext
      value={{ store, commands: createCommands(client, store, () => commandTraceId), links: createLinks('') }}
    >
      <Router hook={hook} searchHook={searchHook}>
        <App />
      </Router>
    </AppContext>,
  )
  return {
    element,
    address: () => history.at(-1) ?? '',
    setState: (change) => store.setState(change),
    tell: (batch) => store.setState((now) => applyUpdates(now, batch)),
    failures: () =>
      [...document.querySelectorAll('.part-failed, .empty')]
        .filter(isFailed)
        .map(({ textContent }) => textContent ?? ''),
    stop() {
      root.unmount()
      element.remove()
    },
  }
}

const isFailed = (element: Element): boolean =>
  element.matches('.part-failed') || element.querySelector('.empty-title')?.textContent === drawingFailureText.pageTitle

/** Time after which a test counts as hung (ms). */
const hangMs = 60_000

/** Works even while a test holds the timers of the page. */
const { setTimeout: realTimeout } = globalThis

/** Waits for a condition; the error names it. */
export const until = async (what: string, holds: () => boolean): Promise<void> => {
  const end = performance.now() + hangMs
  while (!holds()) {
    if (performance.now() > end) throw new Error(`It did not happen: ${what}.\n${document.body.innerText}`)
    await new Promise((resolve) => realTimeout(resolve, 5))
  }
}
