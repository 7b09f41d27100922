/**
 * Messages between the page and the engine's worker about WebRTC. A worker has no RTCPeerConnection, so the page owns
 * the connections and the worker drives them over one MessagePort. All messages in both directions use that port and
 * arrive in order, so a channel is never announced before its connection, nor an old state after a newer one.
 *
 * The types of the WebRTC API are repeated here because TypeScript's worker library lacks them.
 */

/** Assigned by the worker, which constructs all connections. */
export type ConnectionId = number

/** Positive when the worker opened the channel, negative when the peer did and the page announced it. */
export type ChannelId = number

export interface SessionDescriptionInit {
  type: 'offer' | 'answer' | 'pranswer' | 'rollback'
  sdp: string
}

export interface IceCandidateInit {
  candidate?: string
  sdpMid?: string | null
  sdpMLineIndex?: number | null
  usernameFragment?: string | null
}

/** The cloneable part of an RTCConfiguration: certificates cannot be cloned. */
export interface ConnectionConfiguration {
  iceServers?: { urls: string | string[]; username?: string; credential?: string }[]
  iceTransportPolicy?: 'all' | 'relay'
  iceCandidatePoolSize?: number
}

export interface ChannelInit {
  ordered?: boolean
  maxPacketLifeTime?: number
  maxRetransmits?: number
  protocol?: string
  negotiated?: boolean
  id?: number
}

/** The properties of a channel. */
export interface ChannelDescription {
  label: string
  protocol: string
  ordered: boolean
  negotiated: boolean
  maxPacketLifeTime: number | null
  maxRetransmits: number | null
  id: number | null
}

export interface ConnectionStates {
  connectionState: 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed'
  iceConnectionState: 'new' | 'checking' | 'connected' | 'completed' | 'disconnected' | 'failed' | 'closed'
  iceGatheringState: 'new' | 'gathering' | 'complete'
  signalingState:
    | 'stable'
    | 'have-local-offer'
    | 'have-remote-offer'
    | 'have-local-pranswer'
    | 'have-remote-pranswer'
    | 'closed'
}

/** A method of a connection whose outcome the worker awaits. */
export type ConnectionCall =
  | { method: 'createOffer'; options?: { iceRestart?: boolean } }
  | { method: 'createAnswer' }
  | { method: 'setLocalDescription'; description?: { type: SessionDescriptionInit['type']; sdp?: string } }
  | { method: 'setRemoteDescription'; description: { type: SessionDescriptionInit['type']; sdp?: string } }
  | { method: 'addIceCandidate'; candidate: IceCandidateInit | null }

/** The descriptions of a connection after a call, and the one created by the call, if any. */
export interface CallOutcome {
  made?: SessionDescriptionInit
  local: SessionDescriptionInit | null
  remote: SessionDescriptionInit | null
}

/** One message of a data channel; an ArrayBuffer is transferred, never copied. */
export type ChannelData = string | ArrayBuffer

export type ToPage =
  /** Sent first: the worker holds this Web Lock, and the page requests it to learn when the worker is gone. */
  | { kind: 'alive'; lock: string }
  /** Sent last, by either side, after it has closed everything. */
  | { kind: 'goodbye' }
  /** `transfer` false keeps the connection's channels in the page, which then forwards their messages. */
  | { kind: 'create'; connection: ConnectionId; configuration: ConnectionConfiguration; transfer: boolean }
  | { kind: 'call'; connection: ConnectionId; call: number; request: ConnectionCall }
  | { kind: 'open-channel'; connection: ConnectionId; channel: ChannelId; label: string; init: ChannelInit }
  | { kind: 'close'; connection: ConnectionId }
  // Only for channels that stayed in the page.
  | { kind: 'send'; connection: ConnectionId; channel: ChannelId; data: ChannelData[] }
  | { kind: 'low-threshold'; connection: ConnectionId; channel: ChannelId; bytes: number }
  | { kind: 'close-channel'; connection: ConnectionId; channel: ChannelId }

/**
 * Number of connections that the page has constructed, and of those not yet garbage collected. The browser refuses new
 * connections when too many are uncollected; the page refuses a little earlier, at `limit`.
 */
export interface ConnectionCounts {
  made: number
  uncollected: number
  limit: number
}

export type ConnectionEventType =
  | 'connectionstatechange'
  | 'iceconnectionstatechange'
  | 'icegatheringstatechange'
  | 'signalingstatechange'
  | 'negotiationneeded'
  | 'icecandidate'
  | 'icecandidateerror'

export type ToWorker =
  | { kind: 'goodbye' }
  | { kind: 'counts'; counts: ConnectionCounts }
  /** The connection could not be constructed (`TooManyConnections` over the limit); its calls and channels fail too. */
  | { kind: 'refused'; connection: ConnectionId; name: string; message: string }
  | { kind: 'outcome'; connection: ConnectionId; call: number; outcome: CallOutcome }
  | { kind: 'call-failed'; connection: ConnectionId; call: number; name: string; message: string }
  | {
      kind: 'event'
      connection: ConnectionId
      type: ConnectionEventType
      states: ConnectionStates
      /** For `icecandidate`: null ends the candidates. */
      candidate?: IceCandidateInit | null
      /** For `icecandidateerror`. */
      error?: { errorCode: number; errorText: string; url: string }
    }
  /** The transport below the connection ended, which browsers do not always report as a connection state. */
  | { kind: 'ended'; connection: ConnectionId; reason: string }
  /** A channel, opened by the worker (its id is known) or by the peer (its id is new). */
  | {
      kind: 'channel'
      connection: ConnectionId
      channel: ChannelId
      description: ChannelDescription
      /** The transferred channel; absent when it stays in the page. */
      transferred?: RTCDataChannel
    }
  // Only for channels that stay in the page.
  | { kind: 'channel-open'; connection: ConnectionId; channel: ChannelId; id: number | null }
  | { kind: 'channel-data'; connection: ConnectionId; channel: ChannelId; data: ChannelData }
  /** Of all bytes sent with `send`, `taken` have reached the channel, and `buffered` of those are in its buffer. */
  | { kind: 'channel-buffered'; connection: ConnectionId; channel: ChannelId; taken: number; buffered: number }
  | { kind: 'channel-closing'; connection: ConnectionId; channel: ChannelId }
  | { kind: 'channel-error'; connection: ConnectionId; channel: ChannelId; message: string }
  | { kind: 'channel-closed'; connection: ConnectionId; channel: ChannelId }
