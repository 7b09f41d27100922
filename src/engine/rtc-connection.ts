import type {
  CallOutcome,
  ChannelDescription,
  ChannelId,
  ConnectionCall,
  ConnectionConfiguration,
  ConnectionEventType,
  ConnectionId,
  ConnectionStates,
  SessionDescriptionInit,
  ToPage,
  ToWorker,
} from '../../workers/contract/rtc.ts'
import { type PassedChannel, passChannel } from './rtc-passed-channel.ts'

/** An RTCPeerConnection owned by the page and driven by the worker: calls in, events and channels out, in order. */
export interface HostedConnection {
  readonly connection: RTCPeerConnection
  handle(message: Extract<ToPage, { connection: ConnectionId }>): void
  /** Closes the connection and reports the reason to the worker. */
  end(reason: string): void
  /** Closes the connection without a report. */
  close(): void
}

/** @throws errors of the RTCPeerConnection constructor. */
export const hostConnection = (
  id: ConnectionId,
  configuration: ConnectionConfiguration,
  transfer: boolean,
  post: (message: ToWorker, transfer?: Transferable[]) => void,
): HostedConnection => {
  const connection = new RTCPeerConnection(configuration)
  const passedByChannel = new Map<ChannelId, PassedChannel>()
  const listening = new AbortController()
  const { signal } = listening
  let nextAnnounced: ChannelId = -1

  const report = (type: ConnectionEventType, more: { candidate?: RTCIceCandidateInit | null; error?: IceError } = {}) =>
    post({ kind: 'event', connection: id, type, states: statesOf(connection), ...more })
  for (const type of plainEvents) connection.addEventListener(type, () => report(type), { signal })
  connection.addEventListener(
    'icecandidate',
    ({ candidate }) => report('icecandidate', { candidate: candidate?.toJSON() ?? null }),
    { signal },
  )
  connection.addEventListener(
    'icecandidateerror',
    ({ errorCode, errorText, url }) => report('icecandidateerror', { error: { errorCode, errorText, url: url ?? '' } }),
    { signal },
  )

  // Chrome reports a connection closed by the peer as `disconnected`, five seconds late; its transports close at once.
  let watching = false
  const watchTransports = () => {
    const { sctp } = connection
    if (sctp === null || watching) return
    watching = true
    const ended = () => {
      if (sctp.state !== 'closed' && sctp.transport.state !== 'closed' && sctp.transport.state !== 'failed') return
      post({ kind: 'ended', connection: id, reason: 'The peer closed the connection.' })
    }
    sctp.addEventListener('statechange', ended, { signal })
    sctp.transport.addEventListener('statechange', ended, { signal })
    ended()
  }

  // A channel can be transferred only in the task that created it, so this must run in that task.
  const announce = (channel: RTCDataChannel, channelId: ChannelId) => {
    const message = { kind: 'channel', connection: id, channel: channelId } as const
    const description = describe(channel)
    if (transfer) {
      try {
        post({ ...message, description, transferred: channel }, [channel])
        return
      } catch (error) {
        if (!(error instanceof DOMException && error.name === 'DataCloneError')) throw error
      }
    }
    post({ ...message, description: { ...description, id: channel.id } })
    passedByChannel.set(channelId, passChannel(channel, id, channelId, post))
    channel.addEventListener('close', () => passedByChannel.delete(channelId))
  }
  connection.addEventListener(
    'datachannel',
    ({ channel }) => {
      announce(channel, nextAnnounced)
      nextAnnounced -= 1
    },
    { signal },
  )

  const answer = async (call: number, request: ConnectionCall) => {
    try {
      const made = await perform(connection, request)
      watchTransports()
      const outcome: CallOutcome = {
        local: copyOf(connection.localDescription),
        remote: copyOf(connection.remoteDescription),
      }
      post({ kind: 'outcome', connection: id, call, outcome: made === undefined ? outcome : { ...outcome, made } })
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error))
      post({ kind: 'call-failed', connection: id, call, name, message })
    }
  }

  const close = () => {
    listening.abort()
    for (const passed of passedByChannel.values()) passed.detach()
    passedByChannel.clear()
    connection.close()
  }

  return {
    connection,
    handle(message) {
      switch (message.kind) {
        case 'call':
          void answer(message.call, message.request)
          break
        case 'open-channel':
          try {
            announce(connection.createDataChannel(message.label, message.init), message.channel)
          } catch (error) {
            const reason = error instanceof Error ? error.message : String(error)
            post({ kind: 'channel-error', connection: id, channel: message.channel, message: reason })
            post({ kind: 'channel-closed', connection: id, channel: message.channel })
          }
          break
        case 'send':
          passedByChannel.get(message.channel)?.send(message.data)
          break
        case 'low-threshold':
          passedByChannel.get(message.channel)?.setLowThreshold(message.bytes)
          break
        case 'close-channel':
          passedByChannel.get(message.channel)?.close()
          break
      }
    },
    end(reason) {
      post({ kind: 'ended', connection: id, reason })
      close()
    },
    close,
  }
}

type IceError = { errorCode: number; errorText: string; url: string }

const plainEvents = [
  'connectionstatechange',
  'iceconnectionstatechange',
  'icegatheringstatechange',
  'signalingstatechange',
  'negotiationneeded',
] as const

const perform = async (
  connection: RTCPeerConnection,
  call: ConnectionCall,
): Promise<SessionDescriptionInit | undefined> => {
  switch (call.method) {
    case 'createOffer':
      return descriptionOf(await connection.createOffer(call.options))
    case 'createAnswer':
      return descriptionOf(await connection.createAnswer())
    case 'setLocalDescription':
      await connection.setLocalDescription(call.description)
      return undefined
    case 'setRemoteDescription':
      await connection.setRemoteDescription(call.description)
      return undefined
    case 'addIceCandidate':
      await connection.addIceCandidate(call.candidate ?? undefined)
      return undefined
  }
}

const descriptionOf = ({ type, sdp }: { type: RTCSdpType; sdp?: string }): SessionDescriptionInit => ({
  type,
  sdp: sdp ?? '',
})
const copyOf = (description: RTCSessionDescription | null) => (description === null ? null : descriptionOf(description))

const statesOf = (connection: RTCPeerConnection): ConnectionStates => ({
  connectionState: connection.connectionState,
  iceConnectionState: connection.iceConnectionState,
  iceGatheringState: connection.iceGatheringState,
  signalingState: connection.signalingState,
})

/** Omits the id, which a transferred channel provides itself: reading it here blocks on another thread. */
const describe = (channel: RTCDataChannel): ChannelDescription => ({
  label: channel.label,
  protocol: channel.protocol,
  ordered: channel.ordered,
  negotiated: channel.negotiated,
  maxPacketLifeTime: channel.maxPacketLifeTime,
  maxRetransmits: channel.maxRetransmits,
  id: null,
})
