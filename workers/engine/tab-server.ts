import { carriesBytes, ruleOf, type TabCommand } from '../contract/command-table.ts'
import type { TracedCommands } from '../contract/commands.ts'
import { Failure, toFailure } from '../contract/failures.ts'
import { type Assembly, createAssembly, createOutflow, type Outflow, takeApart } from '../contract/tab-payload.ts'
import { decodeTabMessage, encodeTabMessage, type TabMessage, tabChannels, tabLocks } from '../contract/tabs.ts'
import { supersede, type Update, type UpdateBatch, updateKey } from '../contract/updates.ts'
import { createLruMap, type LruMap } from '../stack/lru-map.ts'

/**
 * The leader's side of one engine for many tabs: runs the commands of followers and sends them the engine's updates. It
 * runs in the engine's worker, so that the leader's page, which may be hidden, throttled or busy, is not involved.
 *
 * Guarantees: a command starts once, however often it arrives, and is answered by a value or a named failure. A tab
 * receives all updates after its hello, and the state before it. A command of a closed tab runs to its end, unanswered.
 * Not guaranteed: anything beyond the life of this leader; tabs send unanswered commands to the next one.
 */
export interface TabServer {
  /** Marks the engine as started. */
  up(): void
  publish(batch: UpdateBatch): void
  /** Stops answering, at once. */
  stop(): void
}

export type TabChannel = Pick<BroadcastChannel, 'onmessage' | 'postMessage' | 'close'>

export interface TabServerDependencies {
  profile: string
  /** Id of this leader, chosen by its page. */
  leader: string
  commands: Pick<TracedCommands, 'run'>
  open(name: string): TabChannel
  locks: Pick<LockManager, 'request'>
  now(): number
}

/** Interval between the leader's beats (ms): a frozen leader is noticed and replaced within 2 s. */
const beatMs = 400

/** Updates kept for later tabs; the oldest are dropped. */
const maxKept = 500

interface IncomingCall {
  readonly command: TabCommand
  readonly trace: string | undefined
  readonly assembly: Assembly
}

interface Follower {
  readonly channel: TabChannel
  readonly incoming: Map<number, IncomingCall>
  readonly outgoing: Map<number, Outflow>
  /** Commands that close what the tab has opened, by its id. */
  readonly closers: Map<string, TabCommand>
  isGone: boolean
  /** Tabs number their commands and the channel keeps their order: any id up to this one was received before. */
  lastId: number
}

export const createTabServer = (deps: TabServerDependencies): TabServer => {
  const { profile, leader, commands, open, locks, now } = deps
  const lobby = open(tabChannels.lobby(profile))
  const inbox = open(tabChannels.leader(profile, leader))
  const followerByTab = new Map<string, Follower>()
  /** The newest update of each key, in order of change; no package updates, as a page queries the packages it shows. */
  const keptByKey = createLruMap<Update>(maxKept)
  const stopped = new AbortController()
  let isUp = false
  let pageHeardAt = now()
  let timer: ReturnType<typeof setInterval> | undefined

  const post = (channel: TabChannel, message: TabMessage): void =>
    channel.postMessage(encodeTabMessage('leader', message))

  const beat = (): void => {
    const pageSilentMs = Math.max(0, Math.round(now() - pageHeardAt))
    post(lobby, { kind: 'beat', leader, up: isUp, pageSilentMs })
  }

  const followerOf = (tab: string): Follower => {
    const known = followerByTab.get(tab)
    if (known !== undefined) return known
    const follower: Follower = {
      channel: open(tabChannels.tab(profile, tab)),
      incoming: new Map(),
      outgoing: new Map(),
      closers: new Map(),
      isGone: false,
      lastId: -1,
    }
    followerByTab.set(tab, follower)
    timer ??= setInterval(beat, beatMs)
    // The tab's page holds this lock while it lives.
    locks.request(tabLocks.tab(profile, tab), { signal: stopped.signal }, () => forget(tab)).catch(() => {})
    return follower
  }

  const forget = (tab: string): void => {
    const follower = followerByTab.get(tab)
    if (follower === undefined) return
    follower.isGone = true
    follower.channel.close()
    followerByTab.delete(tab)
    for (const [id, closer] of follower.closers) void outcomeOf(closer, [id], undefined)
    if (followerByTab.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  const answer = async (
    follower: Follower,
    id: number,
    { command, trace }: IncomingCall,
    args: unknown[],
  ): Promise<void> => {
    const message = await outcomeOf(command, args, trace)
    const { closedBy } = ruleOf(command)
    if (closedBy !== undefined && message.failure === undefined) opened(follower, idOf(message.value), closedBy)
    if (stopped.signal.aborted || follower.isGone) return
    if (message.failure !== undefined) {
      post(follower.channel, { kind: 'failure', leader, id, ...message.failure })
      return
    }
    if (!carriesBytes(command, 'out')) {
      post(follower.channel, { kind: 'result', leader, id, value: message.value, parts: [] })
      return
    }
    const { shape, parts, bytes } = takeApart(message.value)
    post(follower.channel, { kind: 'result', leader, id, value: shape, parts })
    if (parts.length === 0) return
    const outflow = createOutflow(bytes, (chunk) =>
      post(follower.channel, { kind: 'result-chunk', leader, id, bytes: chunk }),
    )
    follower.outgoing.set(id, outflow)
  }

  /** Registers what a tab opened, to be closed with the tab; closes it now if the tab is gone already. */
  const opened = (follower: Follower, id: string, closer: TabCommand): void => {
    if (follower.isGone) void outcomeOf(closer, [id], undefined)
    else follower.closers.set(id, closer)
  }

  const outcomeOf = async (
    command: TabCommand,
    args: unknown[],
    trace: string | undefined,
  ): Promise<{ value: unknown; failure?: undefined } | { failure: { name: string; message: string } }> => {
    try {
      return { value: await commands.run(trace, command, ...args) }
    } catch (thrown) {
      const { name, message } = toFailure(thrown)
      return { failure: { name, message } }
    }
  }

  const begin = (follower: Follower, id: number, call: IncomingCall): void => {
    follower.incoming.delete(id)
    const whole = call.assembly.value()
    if (whole !== undefined && Array.isArray(whole.value)) void answer(follower, id, call, whole.value)
    else refuse(follower, id)
  }

  const refuse = (follower: Follower, id: number): void => {
    follower.incoming.delete(id)
    post(follower.channel, {
      kind: 'failure',
      leader,
      id,
      name: 'InvalidArgument',
      message: new Failure('InvalidArgument', { code: 'tab-command-damaged' }).message,
    })
  }

  const receive = (message: TabMessage): void => {
    switch (message.kind) {
      case 'page':
        pageHeardAt = now()
        break
      case 'hello': {
        const { channel } = followerOf(message.from)
        post(channel, { kind: 'welcome', leader, updates: [...keptByKey.values()] })
        beat()
        break
      }
      case 'call': {
        const { from, id, command, args, parts, trace } = message
        const follower = followerOf(from)
        if (id <= follower.lastId) break
        follower.lastId = id
        const [first] = args
        if (typeof first === 'string' && follower.closers.get(first) === command) follower.closers.delete(first)
        const call = { command, trace, assembly: createAssembly(args, parts) }
        if (call.assembly.isWhole()) begin(follower, id, call)
        else follower.incoming.set(id, call)
        break
      }
      case 'call-chunk': {
        const { from, id, bytes } = message
        const follower = followerByTab.get(from)
        const call = follower?.incoming.get(id)
        if (follower === undefined || call === undefined) break
        if (!call.assembly.add(bytes)) refuse(follower, id)
        else if (call.assembly.isWhole()) begin(follower, id, call)
        else post(follower.channel, { kind: 'call-ack', leader, id, received: call.assembly.received() })
        break
      }
      case 'result-ack': {
        const { outgoing } = followerByTab.get(message.from) ?? {}
        if (outgoing?.get(message.id)?.confirm(message.received)) outgoing.delete(message.id)
        break
      }
    }
  }

  inbox.onmessage = ({ data }) => {
    const decoded = decodeTabMessage(data)
    if (decoded.ok) receive(decoded.message)
  }
  lobby.onmessage = ({ data }) => {
    const decoded = decodeTabMessage(data)
    // A tab of another build learns from the beat's envelope that this one leads, and its protocol version.
    if (decoded.ok ? decoded.message.kind === 'probe' : decoded.reason === 'other-version' && decoded.role === 'tab')
      beat()
  }
  beat()

  return {
    up() {
      isUp = true
      beat()
    },
    publish(batch) {
      for (const update of batch) keep(keptByKey, update)
      if (followerByTab.size > 0) post(lobby, { kind: 'updates', leader, updates: batch })
    },
    stop() {
      stopped.abort()
      clearInterval(timer)
      for (const tab of [...followerByTab.keys()]) forget(tab)
      inbox.close()
      lobby.close()
    },
  }
}

const idOf = (value: unknown): string => String(Reflect.get(Object(value), 'id'))

/** The newest update of each key, in order of change; no package updates, as a page queries the packages it shows. */
const keep = (keptByKey: LruMap<Update>, update: Update): void => {
  if (update.kind === 'package') return
  const key = updateKey(update)
  keptByKey.set(key, supersede(keptByKey.get(key), update))
}
