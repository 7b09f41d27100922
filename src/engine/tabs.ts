import type { Leadership } from '../../workers/contract/commands.ts'
import { Failure } from '../../workers/contract/failures.ts'
import {
  decodeTabMessage,
  encodeTabMessage,
  type TabMessage,
  tabChannels,
  tabLocks,
} from '../../workers/contract/tabs.ts'
import type { UpdateBatch } from '../../workers/contract/updates.ts'
import type { Route } from './call-router.ts'
import { createElection } from './leader-election.ts'
import { createLeaderMonitor, tickMs } from './leader-monitor.ts'
import { connectRemoteEngine, type RemoteEngine } from './remote-engine.ts'

/**
 * This tab among those of its profile: stands for leadership, follows whoever leads, and takes over when the leader is
 * gone (its lock is free) or frozen (it gives no sign of life).
 *
 * Guarantees: `onLead` and `onDeposed` alternate; between them `onFollow` names each leader once.
 * Not guaranteed: a hidden tab notices a frozen leader later, because browsers slow its timers to one a second, or one a
 * minute when it was hidden for long; a visible tab does it in time, and a leader that closes or crashes is noticed by all.
 */
export interface Tabs {
  /** The engine of this page, which leads, was ended: it leads from now on with another one. */
  restart(): void
  leave(): void
}

export interface TabsOptions {
  profile: string
  /** This page runs the engine from now on. */
  onLead(leadership: Leadership): void
  /** It no longer may: its engine must end at once. */
  onDeposed(): void
  /** Another tab runs the engine: commands go to `route`. */
  onFollow(route: Route): void
  /** What the other tab's engine tells. */
  onUpdates(batch: UpdateBatch): void
}

/** Leaders that were left and are not followed again; each is a hand-over, of which few are remembered. */
const maxLeft = 100

export const joinTabs = (options: TabsOptions): Tabs => {
  const { profile, onUpdates } = options
  if (navigator.locks === undefined) {
    options.onFollow({ call: () => Promise.reject(insecure()) })
    return { restart() {}, leave() {} }
  }
  const tab = crypto.randomUUID()
  const now = (): number => performance.now()
  const { locks } = navigator
  const lobby = new BroadcastChannel(tabChannels.lobby(profile))
  const monitor = createLeaderMonitor(now())
  const left = new Set<string>()
  const gone = Promise.withResolvers<void>()
  /** The page's way to its own worker. */
  let own: { leader: string; toWorker: BroadcastChannel } | undefined
  let followed: RemoteEngine | undefined
  let outdated = false
  let present = false

  const post = (message: TabMessage): void => lobby.postMessage(encodeTabMessage(own ? 'leader' : 'tab', message))

  const leaveLeader = (): void => {
    if (followed === undefined) return
    followed.close()
    remember(followed.leader)
    followed = undefined
  }

  /** A frozen leader that wakes may beat once more: nobody goes back to it. */
  const remember = (leader: string): void => {
    left.add(leader)
    const [oldest] = left
    if (left.size > maxLeft && oldest !== undefined) left.delete(oldest)
  }

  const follow = (leader: string): void => {
    if (followed?.leader === leader || left.has(leader)) return
    leaveLeader()
    outdated = false
    followed = connectRemoteEngine({
      profile,
      tab,
      leader,
      onUpdates,
      open: (name) => new BroadcastChannel(name),
      onSign: () => monitor.heardWorker(now()),
    })
    options.onFollow(followed)
  }

  const receive = (message: TabMessage): void => {
    if (message.kind === 'probe') {
      if (own !== undefined) post({ kind: 'alive', leader: own.leader })
      return
    }
    if (!('leader' in message)) return
    if (own !== undefined) {
      if (message.kind === 'beat' && message.leader === own.leader)
        own.toWorker.postMessage(encodeTabMessage('leader', { kind: 'page' }))
      return
    }
    if (left.has(message.leader)) return
    switch (message.kind) {
      case 'claim':
        monitor.reset(now(), message.stolen)
        break
      case 'alive':
        monitor.heardPage(now())
        break
      case 'beat':
        monitor.heardBeat(now(), message)
        if (present) follow(message.leader)
        break
      case 'updates':
        monitor.heardWorker(now())
        if (followed?.leader === message.leader) onUpdates(message.updates)
        break
    }
  }

  lobby.onmessage = ({ data }: MessageEvent<unknown>) => {
    const decoded = decodeTabMessage(data)
    if (decoded.ok) receive(decoded.message)
    else if (decoded.reason === 'other-version') hearOtherVersion(decoded.role, decoded.version)
  }

  const hearOtherVersion = (role: 'leader' | 'tab', version: number): void => {
    if (own !== undefined || role === 'tab') {
      if (own !== undefined && role === 'tab') post({ kind: 'alive', leader: own.leader })
      return
    }
    monitor.heardWorker(now())
    monitor.heardPage(now())
    if (outdated) return
    outdated = true
    leaveLeader()
    options.onFollow({ call: () => Promise.reject(otherVersion(version)) })
  }

  /** With a new id each time: what others have asked of an engine that is gone they ask again of this one. */
  const lead = ({ stolen, restarted = false }: { stolen: boolean; restarted?: boolean }): void => {
    own?.toWorker.close()
    const leader = crypto.randomUUID()
    own = { leader, toWorker: new BroadcastChannel(tabChannels.leader(profile, leader)) }
    post({ kind: 'claim', leader, stolen })
    options.onLead({ leader, stolen, restarted })
  }

  const election = createElection({
    locks,
    leaderLock: tabLocks.leader(profile),
    takeOverLock: tabLocks.takeOver(profile),
    onElected(stolen) {
      leaveLeader()
      outdated = false
      lead({ stolen })
    },
    onDeposed() {
      if (own === undefined) return
      own.toWorker.close()
      remember(own.leader)
      own = undefined
      monitor.reset(now(), true)
      options.onDeposed()
      post({ kind: 'probe', from: tab })
    },
  })

  // Held for the life of this tab, so that a leader knows when it is gone; only then is a leader asked for.
  locks
    .request(tabLocks.tab(profile, tab), () => {
      present = true
      post({ kind: 'probe', from: tab })
      return gone.promise
    })
    .catch(() => {})

  const timer = setInterval(() => {
    if (own !== undefined) return
    const judgement = monitor.tick(now())
    if (judgement === 'probe') post({ kind: 'probe', from: tab })
    if (judgement === 'frozen') election.takeOver(() => monitor.isFrozen(now()))
  }, tickMs)

  return {
    restart() {
      // The worker that was ended may hold the profile for a moment more.
      if (own !== undefined) lead({ stolen: true, restarted: true })
    },
    leave() {
      clearInterval(timer)
      election.stop()
      leaveLeader()
      own?.toWorker.close()
      own = undefined
      lobby.close()
      gone.resolve()
    },
  }
}

const insecure = (): Failure => new Failure('Internal', { code: 'page-insecure' })

const otherVersion = (version: number): Failure => new Failure('TabOutdated', { code: 'tab-outdated', version })
