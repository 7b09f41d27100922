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
 * Coordinates this tab with the others of its profile: queues for leadership, follows the leader, and takes over when
 * the leader has gone (its lock is free) or is frozen (it does not answer).
 *
 * Guarantees: `onLead` and `onDeposed` alternate; between them `onFollow` reports each leader once. Not guaranteed: a
 * hidden tab detects a frozen leader late, because browsers throttle its timers to one per second, or one per minute
 * when hidden for long. A visible tab detects it in time, and every tab detects a leader that closes or crashes.
 */
export interface Tabs {
  /** Continues to lead with a new engine after that of this page was terminated. */
  restart(): void
  leave(): void
}

export interface TabsOptions {
  profile: string
  /** This page runs the engine from now on. */
  onLead(leadership: Leadership): void
  /** This page lost leadership: its engine must end at once. */
  onDeposed(): void
  /** Another tab runs the engine: commands go to `route`. */
  onFollow(route: Route): void
  /** Receives updates of the engine in another tab. */
  onUpdates(batch: UpdateBatch): void
}

/** Maximum tracked former leaders, which are not followed again. */
const maxFormerLeaders = 100

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
  const formerLeaders = new Set<string>()
  const gone = Promise.withResolvers<void>()
  /** Channel to the worker of this page; undefined unless this tab leads. */
  let own: { leader: string; toWorker: BroadcastChannel } | undefined
  let followed: RemoteEngine | undefined
  let outdated = false
  let present = false

  const post = (message: TabMessage): void => lobby.postMessage(encodeTabMessage(own ? 'leader' : 'tab', message))

  const unfollow = (): void => {
    if (followed === undefined) return
    followed.close()
    addFormerLeader(followed.leader)
    followed = undefined
  }

  /** A frozen leader may send another heartbeat when it wakes, and must not be followed again. */
  const addFormerLeader = (leader: string): void => {
    formerLeaders.add(leader)
    const [oldest] = formerLeaders
    if (formerLeaders.size > maxFormerLeaders && oldest !== undefined) formerLeaders.delete(oldest)
  }

  const follow = (leader: string): void => {
    if (followed?.leader === leader || formerLeaders.has(leader)) return
    unfollow()
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
    if (formerLeaders.has(message.leader)) return
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
    unfollow()
    options.onFollow({ call: () => Promise.reject(otherVersion(version)) })
  }

  /** Uses a new id each time, so that followers resend the pending calls of the previous engine. */
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
      unfollow()
      outdated = false
      lead({ stolen })
    },
    onDeposed() {
      if (own === undefined) return
      own.toWorker.close()
      addFormerLeader(own.leader)
      own = undefined
      monitor.reset(now(), true)
      options.onDeposed()
      post({ kind: 'probe', from: tab })
    },
  })

  // Held for the lifetime of this tab, so that the leader notices when it closes; probes follow once it is held.
  locks
    .request(tabLocks.tab(profile, tab), () => {
      present = true
      post({ kind: 'probe', from: tab })
      return gone.promise
    })
    .catch(() => {})

  const timer = setInterval(() => {
    if (own !== undefined) return
    const verdict = monitor.tick(now())
    if (verdict === 'probe') post({ kind: 'probe', from: tab })
    if (verdict === 'frozen') election.takeOver(() => monitor.isFrozen(now()))
  }, tickMs)

  return {
    restart() {
      // The terminated worker may hold the profile for a moment longer.
      if (own !== undefined) lead({ stolen: true, restarted: true })
    },
    leave() {
      clearInterval(timer)
      election.stop()
      unfollow()
      own?.toWorker.close()
      own = undefined
      lobby.close()
      gone.resolve()
    },
  }
}

const insecure = (): Failure => new Failure('Internal', { code: 'page-insecure' })

const otherVersion = (version: number): Failure => new Failure('TabOutdated', { code: 'tab-outdated', version })
