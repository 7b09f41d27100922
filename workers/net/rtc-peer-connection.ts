import type {
  CallOutcome,
  ChannelDescription,
  ChannelId,
  ChannelInit,
  ConnectionCall,
  ConnectionConfiguration,
  ConnectionId,
  ConnectionStates,
  IceCandidateInit,
  SessionDescriptionInit,
  ToPage,
  ToWorker,
} from '../contract/rtc.ts'
import { type ChannelSink, carryPassed, carryTransferred, type PassedCarrier } from './rtc-carrier.ts'
import { DataChannel } from './rtc-data-channel.ts'
import { defineHandlers } from './rtc-handlers.ts'
import { IceCandidate, plainDescription, reviveDescription, type SessionDescription } from './rtc-signalling.ts'

/** What a connection needs of the shim that it belongs to. */
export interface RtcLink {
  readonly transfer: boolean
  post(message: ToPage, transfer?: Transferable[]): void
  /** Takes a connection in and keeps it until `forget`; gives its id. Throws when the shim is closed. */
  register(receive: ConnectionReceiver): ConnectionId
  forget(id: ConnectionId): void
  /** Told how the newest channel came. */
  channelCame(path: 'transfer' | 'message'): void
}

export interface ConnectionReceiver {
  receive(message: OfConnection): void
  /** The way to the page is gone. */
  fail(reason: string): void
}

type OfConnection = Extract<ToWorker, { connection: ConnectionId }>

/**
 * A connection that stays `disconnected` this long counts as failed. Browsers say `disconnected` five seconds after the
 * last answer and `failed` only ten later; making a new connection takes a third of a second.
 */
export const DISCONNECTED_LIMIT_MS = 5_000
/**
 * Channels of a connection that are open or opening, from which on the peer may open no other. Each stands for a stream,
 * of which honest peers have a few dozen; each may hold one unfinished message.
 */
export const CHANNELS_LIMIT = 256
/** When the transport has ended, channels may still hand over what came before; they close within a few milliseconds. */
const LAST_MESSAGES_MS = 500

/**
 * The RTCPeerConnection of one shim: a class, since code calls it with `new`. Each instance stands for a connection
 * that the page makes at the same moment and that this object follows; states, descriptions and channels change here in
 * the order in which they changed there. A connection whose peer closes it or vanishes becomes `failed`; one that is
 * `closed`, by whichever side, has closed its channels, each with its event, and is known to nobody but its user.
 *
 * It has what data needs: no media, statistics, certificates or ICE restart.
 */
export const createPeerConnectionClass = (link: RtcLink) => {
  class PeerConnection extends EventTarget {
    declare onconnectionstatechange: ((event: Event) => unknown) | null
    declare oniceconnectionstatechange: ((event: Event) => unknown) | null
    declare onicegatheringstatechange: ((event: Event) => unknown) | null
    declare onsignalingstatechange: ((event: Event) => unknown) | null
    declare onnegotiationneeded: ((event: Event) => unknown) | null
    declare onicecandidate: ((event: Event & { candidate: IceCandidate | null }) => unknown) | null
    declare onicecandidateerror: ((event: Event) => unknown) | null
    declare ondatachannel: ((event: Event & { channel: DataChannel }) => unknown) | null

    #id: ConnectionId
    #states: ConnectionStates = {
      connectionState: 'new',
      iceConnectionState: 'new',
      iceGatheringState: 'new',
      signalingState: 'stable',
    }
    #local: SessionDescription | null = null
    #remote: SessionDescription | null = null
    #channels = new Map<ChannelId, DataChannel>()
    #passed = new Map<ChannelId, PassedCarrier>()
    #calls = new Map<number, PromiseWithResolvers<CallOutcome>>()
    #nextCall = 1
    #nextChannel: ChannelId = 1
    #disconnected: ReturnType<typeof setTimeout> | undefined
    #ended: ReturnType<typeof setTimeout> | undefined
    #refusal: Error | undefined

    /** What the page refuses (`TooManyConnections`, a bad configuration) fails the connection and its calls. */
    constructor(configuration: ConnectionConfiguration = {}) {
      super()
      this.#id = link.register({
        receive: (message) => this.#receive(message),
        fail: (reason) => this.#fail(new Error(reason)),
      })
      link.post({ kind: 'create', connection: this.#id, configuration, transfer: link.transfer })
    }

    get connectionState() {
      return this.#states.connectionState
    }
    get iceConnectionState() {
      return this.#states.iceConnectionState
    }
    get iceGatheringState() {
      return this.#states.iceGatheringState
    }
    get signalingState() {
      return this.#states.signalingState
    }
    get localDescription() {
      return this.#local
    }
    get remoteDescription() {
      return this.#remote
    }

    createOffer(options?: { iceRestart?: boolean }): Promise<SessionDescriptionInit> {
      return this.#make(options === undefined ? { method: 'createOffer' } : { method: 'createOffer', options })
    }
    createAnswer(): Promise<SessionDescriptionInit> {
      return this.#make({ method: 'createAnswer' })
    }
    async setLocalDescription(description?: { type: SessionDescriptionInit['type']; sdp?: string }): Promise<void> {
      await this.#call(
        description === undefined
          ? { method: 'setLocalDescription' }
          : { method: 'setLocalDescription', description: plainDescription(description) },
      )
    }
    async setRemoteDescription(description: { type: SessionDescriptionInit['type']; sdp?: string }): Promise<void> {
      await this.#call({ method: 'setRemoteDescription', description: plainDescription(description) })
    }
    async addIceCandidate(candidate?: IceCandidateInit | null): Promise<void> {
      const init = candidate == null ? null : new IceCandidate(candidate).toJSON()
      await this.#call({ method: 'addIceCandidate', candidate: init })
    }

    createDataChannel(label: string, init: ChannelInit = {}): DataChannel {
      if (this.#states.connectionState === 'closed')
        throw new DOMException('The connection is closed.', 'InvalidStateError')
      const id = this.#nextChannel
      this.#nextChannel += 1
      const channel = this.#addChannel(id, {
        label,
        protocol: init.protocol ?? '',
        ordered: init.ordered ?? true,
        negotiated: init.negotiated ?? false,
        maxPacketLifeTime: init.maxPacketLifeTime ?? null,
        maxRetransmits: init.maxRetransmits ?? null,
        id: init.id ?? null,
      })
      link.post({ kind: 'open-channel', connection: this.#id, channel: id, label, init })
      return channel
    }

    close(): void {
      this.#close(undefined)
    }

    #close(error: Error | undefined) {
      if (this.#states.connectionState === 'closed') return
      this.#states = {
        ...this.#states,
        connectionState: 'closed',
        iceConnectionState: 'closed',
        signalingState: 'closed',
      }
      clearTimeout(this.#disconnected)
      clearTimeout(this.#ended)
      link.post({ kind: 'close', connection: this.#id })
      link.forget(this.#id)
      const reason = error ?? new DOMException('The connection is closed.', 'InvalidStateError')
      for (const call of this.#calls.values()) call.reject(reason)
      this.#calls.clear()
      for (const channel of [...this.#channels.values()]) channel.abandon(error)
      this.#passed.clear()
      // No browser has this event, but libp2p's transport waits for it to let go of the connection.
      queueMicrotask(() => this.dispatchEvent(new Event('close')))
    }

    #fail(error: Error) {
      if (this.#states.connectionState === 'closed') return
      this.#states = { ...this.#states, connectionState: 'failed', iceConnectionState: 'failed' }
      this.dispatchEvent(new Event('iceconnectionstatechange'))
      this.dispatchEvent(new Event('connectionstatechange'))
      this.#close(error)
    }

    async #make(request: ConnectionCall): Promise<SessionDescriptionInit> {
      const { made } = await this.#call(request)
      if (made === undefined) throw new DOMException('The page made no description.', 'OperationError')
      return made
    }

    async #call(request: ConnectionCall): Promise<CallOutcome> {
      if (this.#refusal !== undefined) throw this.#refusal
      if (this.#states.connectionState === 'closed')
        throw new DOMException('The connection is closed.', 'InvalidStateError')
      const call = this.#nextCall
      this.#nextCall += 1
      const pending = Promise.withResolvers<CallOutcome>()
      this.#calls.set(call, pending)
      link.post({ kind: 'call', connection: this.#id, call, request })
      return pending.promise
    }

    #addChannel(id: ChannelId, description: ChannelDescription): DataChannel {
      const onClosed = (): void => {
        this.#channels.delete(id)
        this.#passed.delete(id)
        if (this.#ended !== undefined && this.#channels.size === 0) this.#fail(new Error('The peer is gone.'))
      }
      const channel = new DataChannel(description, onClosed, (reason) => this.#fail(new Error(reason)))
      this.#channels.set(id, channel)
      return channel
    }

    #receive(message: OfConnection) {
      switch (message.kind) {
        case 'refused':
          this.#refusal = named(message.name, message.message)
          this.#fail(this.#refusal)
          break
        case 'outcome':
          this.#local = reviveDescription(this.#local, message.outcome.local)
          this.#remote = reviveDescription(this.#remote, message.outcome.remote)
          this.#settle(message.call)?.resolve(message.outcome)
          break
        case 'call-failed':
          this.#settle(message.call)?.reject(new DOMException(message.message, message.name))
          break
        case 'event':
          this.#follow(message)
          break
        case 'ended':
          this.#end(message.reason)
          break
        case 'channel':
          this.#adopt(message)
          break
        case 'channel-error':
        case 'channel-closed': {
          const carrier = this.#passed.get(message.channel)
          if (carrier !== undefined) carrier.handle(message)
          // The page could not even make it.
          else if (message.kind === 'channel-error')
            this.#channels.get(message.channel)?.failed(new Error(message.message))
          else this.#channels.get(message.channel)?.closed()
          break
        }
        default:
          this.#passed.get(message.channel)?.handle(message)
      }
    }

    #settle(call: number) {
      const pending = this.#calls.get(call)
      this.#calls.delete(call)
      return pending
    }

    /** Transferred channels get what came before the end by a way of their own: it must not overtake them. */
    #end(reason: string) {
      if (this.#channels.size === 0) this.#fail(new Error(reason))
      else this.#ended ??= setTimeout(() => this.#fail(new Error(reason)), LAST_MESSAGES_MS)
    }

    #follow(message: Extract<ToWorker, { kind: 'event' }>) {
      // Not closed by us, so the transport is: some browsers show it so.
      if (message.states.connectionState === 'closed') return this.#end('The peer closed the connection.')
      this.#states = message.states
      if (message.type === 'connectionstatechange') {
        clearTimeout(this.#disconnected)
        if (message.states.connectionState === 'disconnected')
          this.#disconnected = setTimeout(
            () => this.#fail(new Error('The peer did not answer any more.')),
            DISCONNECTED_LIMIT_MS,
          )
        if (message.states.connectionState === 'failed') return this.#fail(new Error('The connection failed.'))
      }
      const candidate = message.candidate == null ? null : new IceCandidate(message.candidate)
      const more = message.type === 'icecandidate' ? { candidate } : (message.error ?? {})
      this.dispatchEvent(Object.assign(new Event(message.type), more))
    }

    #adopt({ channel: id, description, transferred }: Extract<ToWorker, { kind: 'channel' }>) {
      const known = this.#channels.get(id)
      if (known === undefined && this.#channels.size >= CHANNELS_LIMIT) {
        transferred?.close()
        return this.#fail(new Error('The peer opens too many channels.'))
      }
      const channel = known ?? this.#addChannel(id, description)
      // Listeners go first: an open channel says so as soon as it is adopted.
      if (known === undefined) this.dispatchEvent(Object.assign(new Event('datachannel'), { channel }))
      channel.adopt((sink) => this.#carry(id, transferred, sink), description)
    }

    #carry(id: ChannelId, transferred: RTCDataChannel | undefined, sink: ChannelSink) {
      link.channelCame(transferred === undefined ? 'message' : 'transfer')
      if (transferred !== undefined)
        return carryTransferred(transferred, sink, () => this.#states.connectionState === 'connected')
      const carrier = carryPassed(this.#id, id, sink, link.post)
      this.#passed.set(id, carrier)
      return carrier
    }
  }
  defineHandlers(PeerConnection.prototype, handledEvents)
  return PeerConnection
}

const handledEvents = [
  'connectionstatechange',
  'iceconnectionstatechange',
  'icegatheringstatechange',
  'signalingstatechange',
  'negotiationneeded',
  'icecandidate',
  'icecandidateerror',
  'datachannel',
] as const

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name })
