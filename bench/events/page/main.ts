import '../../../src/styles/tokens.css'
import '../../../src/styles/base.css'
import '../../../src/styles/controls.css'
import '../../../src/styles/shell.css'
import { transfer, wrap } from 'comlink'
import { createElement } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from '../../../src/app.tsx'
import type { EngineClient } from '../../../src/engine/client.ts'
import { AppContext } from '../../../src/hooks/use-app.ts'
import { createLinks } from '../../../src/routes.ts'
import { createCommands } from '../../../src/store/commands.ts'
import { createPageStore } from '../../../src/store/store.ts'
import type { UpdateBatch } from '../../../workers/contract/updates.ts'
import type { Step } from '../../../workers/contract/views.ts'
import type { EventsBenchCommands } from './worker.ts'

/** The product's page with the list of installs, over an engine that only emits updates. */
export interface Flood {
  /** Time from the first emitted update to the last applied one (ms). */
  tookMs: number
  /** Received updates; the bus sends one of several with the same key in a window. */
  received: number
  /** Time from each install's update to the state that has it (ms). */
  delays: number[]
  /** Time between frames (ms). */
  frames: number[]
  /** Duration of each task of 50 ms or more (ms). */
  longTasks: number[]
}

const worker = wrap<EventsBenchCommands>(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }))
const channel = new MessageChannel()
const listeners = new Set<(batch: UpdateBatch) => void>()
channel.port1.onmessage = ({ data }: MessageEvent<UpdateBatch>) => {
  for (const listener of listeners) listener(data)
}

const step: Step = { state: 'ok' }
const answers = {
  ready: Promise.resolve(),
  subscribe(listener: (batch: UpdateBatch) => void) {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  status: async () => ({
    peerId: 'peer',
    publisherId: 'publisher',
    publisherName: 'bench',
    profile: 'bench',
    online: true,
    relays: [],
    connections: 10,
    directConnections: 10,
    catalogueSize: 0,
    persistent: true,
    channelPath: 'transfer' as const,
    steps: { relay: step, reservation: step, direct: step, catalogue: step, storage: step },
  }),
  search: async () => ({
    total: 0,
    tookMs: 0,
    hits: [],
    facets: { category: [], tag: [], license: [], publisher: [] },
  }),
  library: async () => [],
}
const client = answers as unknown as EngineClient

history.replaceState(null, '', createLinks('').library())
const store = createPageStore('light')
const commands = createCommands(client, store)
commands.start()
const root = document.body.appendChild(document.createElement('div'))
createRoot(root).render(
  createElement(AppContext, { value: { store, commands, links: createLinks('') } }, createElement(App)),
)

const flood = async (count: number, perSecond: number): Promise<Flood> => {
  const seen: Omit<Flood, 'tookMs'> = { received: 0, delays: [], frames: [], longTasks: [] }
  const last = Promise.withResolvers<void>()
  // Runs after the store's own listener, so the state has already applied these updates.
  const unsubscribe = client.subscribe((batch) => {
    seen.received += batch.length
    const now = performance.timeOrigin + performance.now()
    for (const update of batch) {
      if (update.kind === 'transfer') seen.delays.push(now - update.transfer.startedAt)
      if (update.kind === 'notice' && update.id === `last of ${count}`) last.resolve()
    }
  })
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longTasks.push(duration)
  })
  observer.observe({ type: 'longtask' })
  let before = performance.now()
  let frame = requestAnimationFrame(function next(now) {
    seen.frames.push(now - before)
    before = now
    frame = requestAnimationFrame(next)
  })
  const started = performance.now()
  await worker.flood(count, perSecond)
  await last.promise
  const tookMs = performance.now() - started
  unsubscribe()
  cancelAnimationFrame(frame)
  observer.disconnect()
  if (document.querySelector('.transfer') === null) throw new Error('The page does not draw the installs.')
  return { tookMs, ...seen }
}

await worker.start(transfer(channel.port2, [channel.port2]))
Object.assign(window, { bench: { flood } })
