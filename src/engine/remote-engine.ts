import { carriesBytes } from '../../workers/contract/command-table.ts'
import { Failure, readFailure } from '../../workers/contract/failures.ts'
import {
  type Assembly,
  createAssembly,
  createOutflow,
  type Outflow,
  type TakenApart,
  takeApart,
} from '../../workers/contract/tab-payload.ts'
import { decodeTabMessage, encodeTabMessage, type TabMessage, tabChannels } from '../../workers/contract/tabs.ts'
import type { UpdateBatch } from '../../workers/contract/updates.ts'
import type { Route } from './call-router.ts'

/**
 * The engine of another tab, reached over two BroadcastChannels: one to the leader's worker and one to this tab. Calls
 * do not settle after the leader has gone: the caller retries them with the next leader.
 */
export interface RemoteEngine extends Route {
  readonly leader: string
  /** Drops pending calls and closes the channels. */
  close(): void
}

export type TabChannel = Pick<BroadcastChannel, 'onmessage' | 'postMessage' | 'close'>

export interface RemoteEngineOptions {
  profile: string
  /** Id of this tab. */
  tab: string
  leader: string
  open(name: string): TabChannel
  onUpdates(batch: UpdateBatch): void
  /** The leader's worker has sent a message. */
  onSign(): void
}

interface WaitingCall {
  outflow?: Outflow
  assembly?: Assembly
  resolve(value: unknown): void
  reject(failure: Failure): void
}

export const connectRemoteEngine = (options: RemoteEngineOptions): RemoteEngine => {
  const { profile, tab: from, leader, open } = options
  const inbox = open(tabChannels.tab(profile, from))
  const outbox = open(tabChannels.leader(profile, leader))
  const callById = new Map<number, WaitingCall>()
  let nextId = 0

  const post = (message: TabMessage): void => outbox.postMessage(encodeTabMessage('tab', message))

  const settle = (id: number, call: WaitingCall, assembly: Assembly): void => {
    callById.delete(id)
    const whole = assembly.value()
    if (whole === undefined) call.reject(new Failure('Internal', { code: 'tab-answer-damaged' }))
    else call.resolve(whole.value)
  }

  const receive = (message: TabMessage): void => {
    if (!('leader' in message) || message.leader !== leader) return
    options.onSign()
    if (message.kind === 'welcome') {
      options.onUpdates(message.updates)
      return
    }
    if (!('id' in message)) return
    const { id } = message
    const call = callById.get(id)
    if (call === undefined) return
    switch (message.kind) {
      case 'call-ack':
        call.outflow?.confirm(message.received)
        break
      case 'result': {
        call.assembly = createAssembly(message.value, message.parts)
        if (call.assembly.isWhole()) settle(id, call, call.assembly)
        break
      }
      case 'result-chunk': {
        const { assembly } = call
        if (assembly === undefined) break
        if (!assembly.add(message.bytes)) {
          callById.delete(id)
          call.reject(new Failure('Internal', { code: 'tab-answer-damaged' }))
          break
        }
        post({ kind: 'result-ack', from, id, received: assembly.received() })
        if (assembly.isWhole()) settle(id, call, assembly)
        break
      }
      case 'failure':
        callById.delete(id)
        call.reject(readFailure(message))
        break
    }
  }

  inbox.onmessage = ({ data }: MessageEvent<unknown>) => {
    const decoded = decodeTabMessage(data)
    if (decoded.ok) receive(decoded.message)
  }
  post({ kind: 'hello', from })

  return {
    leader,
    call: (command, args, trace) =>
      new Promise((resolve, reject) => {
        const id = nextId
        nextId += 1
        const { shape, parts, bytes } = carriesBytes(command, 'in') ? takeApart(args) : whole(args)
        const call: WaitingCall = { resolve, reject }
        // Throws, and so rejects, for arguments that cannot be cloned, as a worker of this page would.
        post({ kind: 'call', from, id, command, args: shape as unknown[], parts, trace })
        callById.set(id, call)
        call.outflow = createOutflow(bytes, (chunk) => post({ kind: 'call-chunk', from, id, bytes: chunk }))
      }),
    close() {
      callById.clear()
      inbox.close()
      outbox.close()
    },
  }
}

const whole = (args: unknown[]): TakenApart => ({ shape: args, parts: [], bytes: [] })
