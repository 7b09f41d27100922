import { carriesBytes, type TabCommand } from '../../workers/contract/command-table.ts'
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

/**
 * The engine of another tab, through BroadcastChannels: one that only that leader's worker hears, and one that only this
 * tab hears. Its calls never settle when the leader is gone: whoever made them asks the next one.
 */
export interface RemoteEngine {
  readonly leader: string
  call(command: TabCommand, args: unknown[]): Promise<unknown>
  /** Forgets what is under way. */
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
  /** The leader's worker lives. */
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
    call: (command, args) =>
      new Promise((resolve, reject) => {
        const id = nextId
        nextId += 1
        const { shape, parts, bytes } = carriesBytes(command, 'in') ? takeApart(args) : whole(args)
        const call: WaitingCall = { resolve, reject }
        // Throws, and so rejects, for what cannot be cloned, as a worker of this page would.
        post({ kind: 'call', from, id, command, args: shape as unknown[], parts })
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
