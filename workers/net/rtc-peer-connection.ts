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
import { type ChannelSink, carryThroughPage, carryTransferred, type PageCarrier } from './rtc-carrier.ts'
import { DataChannel } from './rtc-data-channel.ts'
import { defineHandlers } from './rtc-handlers.ts'
import { IceCandidate, plainDescription, reviveDescription, type SessionDescription } from './rtc-signalling.ts'

/** What a connection needs from its shim. */
export interface RtcLink {
  readonly transfer: boolean
  post(message: ToPage, transfer?: Transferable[]): void
  /** Registers a connection until `forget`; returns its id. Throws when the shim is closed. */
  register(receive: ConnectionReceiver): ConnectionId
  forget(id: ConnectionId): void
  /** Reports how the newest channel arrived. */
  onChannelPath(path: 'transfer' | 'message'): void
}

export interface ConnectionReceiver {
  receive(message: OfConnection): void
  /** The port to the page is closed. */
  fail(reason: string): void
}

type OfConnection = Extract<ToWorker, { connection: ConnectionId }>

/**
 * A connection that stays `disconnected` this long counts as failed (ms). Browsers report `disconnected` five seconds
 * after the last answer and `failed` ten seconds later; a new connection takes a third of a second.
 */
export const DISCONNECTED_LIMIT_MS = 5_000
/**
 * Limit of open and opening channels per connection. Each is a stream, of which honest peers have a few dozen, and may
 * hold one unfinished message.
 */
export const CHANNELS_LIMIT = 256
/** Time for channels to deliver data after the transport ended (ms); they close within a few milliseconds. */
const LAST_MESSAGES_MS = 500

/**
 * Creates the RTCPeerConnection class of a shim; callers use `new`. Each instance mirrors a connection that the page
 * creates at the same moment: states, descriptions and channels change here in the same order as there. A connection
 * becomes `failed` when its peer closes it or vanishes. A `closed` connection has closed its channels, each with its
 * event, and the shim no longer refers to it.
 *
 * It supports data channels only: no media, statistics, certificates or ICE restart.
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
    #pageCarriers = new Map<ChannelId, PageCarrier>()
    #calls = new Map<number, PromiseWithResolvers<CallOutcome>>()
    #nextCall = 1
    #nextChannel: ChannelId = 1
    #disconnected: ReturnType<typeof setTimeout> | undefined
    #ended: ReturnType<typeof setTimeout> | undefined
    #refusal: Error | undefined

    /** If the page refuses (`TooManyConnections`, a bad configuration), the connection and its calls fail. */
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
      return this.#createDescription(
        options === undefined ? { method: 'createOffer' } : { method: 'createOffer', options },
      )
    }
    createAnswer(): Promise<SessionDescriptionInit> {
      return this.#createDescription({ method: 'createAnswer' })
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
      this.#pageCarriers.clear()
      // Not a browser event, but libp2p's transport waits for it to release the connection.
      queueMicrotask(() => this.dispatchEvent(new Event('close')))
    }

    #fail(error: Error) {
      if (this.#states.connectionState === 'closed') return
      this.#states = { ...this.#states, connectionState: 'failed', iceConnectionState: 'failed' }
      this.dispatchEvent(new Event('iceconnectionstatechange'))
      this.dispatchEvent(new Event('connectionstatechange'))
      this.#close(error)
    }

    async #createDescription(request: ConnectionCall): Promise<SessionDescriptionInit> {
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
        this.#pageCarriers.delete(id)
        if (this.#ended !== undefined && this.#channels.size === 0) this.#fail(new Error('The peer is gone.'))
      }
      const channel = new DataChannel(description, onClosed, (reason) => this.#fail(new Error(reason)))
      this.#channels.set(id, channel)
      return channel
    }

    #receive(message: OfConnection) {
      switch (message.kind) {
        case 'refused':
          this.#refusal = errorNamed(message.name, message.message)
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
          this.#applyEvent(message)
          break
        case 'ended':
          this.#end(message.reason)
          break
        case 'channel':
          this.#adopt(message)
          break
        case 'channel-error':
        case 'channel-closed': {
          const carrier = this.#pageCarriers.get(message.channel)
          if (carrier !== undefined) carrier.handle(message)
          // The page could not create the channel.
          else if (message.kind === 'channel-error')
            this.#channels.get(message.channel)?.failed(new Error(message.message))
          else this.#channels.get(message.channel)?.closed()
          break
        }
        default:
          this.#pageCarriers.get(message.channel)?.handle(message)
      }
    }

    #settle(call: number) {
      const pending = this.#calls.get(call)
      this.#calls.delete(call)
      return pending
    }

    /**
     * Waits for open channels: transferred ones deliver their last data independently, and the end must not overtake
     * it.
     */
    #end(reason: string) {
      if (this.#channels.size === 0) this.#fail(new Error(reason))
      else this.#ended ??= setTimeout(() => this.#fail(new Error(reason)), LAST_MESSAGES_MS)
    }

    #applyEvent(message: Extract<ToWorker, { kind: 'event' }>) {
      // We did not close it, so the transport ended: some browsers report it this way.
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
      const existing = this.#channels.get(id)
      if (existing === undefined && this.#channels.size >= CHANNELS_LIMIT) {
        transferred?.close()
        return this.#fail(new Error('The peer opens too many channels.'))
      }
      const channel = existing ?? this.#addChannel(id, description)
      // Listeners come first, because an open channel fires `open` as soon as it is adopted.
      if (existing === undefined) this.dispatchEvent(Object.assign(new Event('datachannel'), { channel }))
      channel.adopt((sink) => this.#carry(id, transferred, sink), description)
    }

    #carry(id: ChannelId, transferred: RTCDataChannel | undefined, sink: ChannelSink) {
      link.onChannelPath(transferred === undefined ? 'message' : 'transfer')
      if (transferred !== undefined)
        return carryTransferred(transferred, sink, () => this.#states.connectionState === 'connected')
      const carrier = carryThroughPage(this.#id, id, sink, link.post)
      this.#pageCarriers.set(id, carrier)
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

const errorNamed = (name: string, message: string): Error => Object.assign(new Error(message), { name })
