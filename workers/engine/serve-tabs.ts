import type { StartOptions, TracedCommands } from '../contract/commands.ts'
import type { UpdateBatch } from '../contract/updates.ts'
import { createTabServer } from './tab-server.ts'

/** Sends the engine's updates to this worker's page, and to the followers of its profile, if any. */
export interface ServedTabs {
  postMessage(batch: UpdateBatch): void
  /** Marks the engine as started. */
  up(): void
  /** Stops answering followers; they turn to the next leader. */
  stop(): void
}

export const serveTabs = (
  { profile, updates, leadership }: Pick<StartOptions, 'profile' | 'updates' | 'leadership'>,
  commands: TracedCommands,
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
