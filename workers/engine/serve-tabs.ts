import type { EngineCommands, StartOptions } from '../contract/commands.ts'
import type { UpdateBatch } from '../contract/updates.ts'
import { createTabServer } from './tab-server.ts'

/** Where the engine's updates go: to the page of this worker, and to the other tabs of its profile, if it leads any. */
export interface ServedTabs {
  postMessage(batch: UpdateBatch): void
  /** The engine answers from now on. */
  up(): void
  /** Answers other tabs no more: they ask the next leader. */
  stop(): void
}

export const serveTabs = (
  { profile, updates, leadership }: Pick<StartOptions, 'profile' | 'updates' | 'leadership'>,
  commands: EngineCommands,
): ServedTabs => {
  const server =
    leadership === undefined
      ? undefined
      : createTabServer({
          profile,
          leader: leadership.leader,
          commands,
          locks: navigator.locks,
          open: (name) => new BroadcastChannel(name),
          now: () => performance.now(),
        })
  return {
    postMessage(batch) {
      updates.postMessage(batch)
      server?.publish(batch)
    },
    up: () => server?.up(),
    stop: () => server?.stop(),
  }
}
