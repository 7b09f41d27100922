import type { IceCandidateInit, SessionDescriptionInit } from '../contract/rtc.ts'

/** What two ends tell each other to connect: RTCSessionDescription and RTCIceCandidate for a worker. */
export class SessionDescription implements SessionDescriptionInit {
  readonly type: SessionDescriptionInit['type']
  readonly sdp: string

  constructor({ type, sdp }: { type: SessionDescriptionInit['type']; sdp?: string }) {
    this.type = type
    this.sdp = sdp ?? ''
  }

  toJSON(): SessionDescriptionInit {
    return { type: this.type, sdp: this.sdp }
  }
}

/** What signalling needs, without the parsed parts. */
export class IceCandidate {
  readonly candidate: string
  readonly sdpMid: string | null
  readonly sdpMLineIndex: number | null
  readonly usernameFragment: string | null

  constructor(init: IceCandidateInit) {
    this.candidate = init.candidate ?? ''
    this.sdpMid = init.sdpMid ?? null
    this.sdpMLineIndex = init.sdpMLineIndex ?? null
    this.usernameFragment = init.usernameFragment ?? null
  }

  toJSON(): Required<IceCandidateInit> {
    const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = this
    return { candidate, sdpMid, sdpMLineIndex, usernameFragment }
  }
}

/** A description, of whatever class, that a port can carry. */
export const plainDescription = ({ type, sdp }: { type: SessionDescriptionInit['type']; sdp?: string }) =>
  sdp === undefined ? { type } : { type, sdp }

/** The description as it is now: the same object as before while it did not change. */
export const reviveDescription = (
  before: SessionDescription | null,
  now: SessionDescriptionInit | null,
): SessionDescription | null => {
  if (now === null) return null
  return now.sdp === before?.sdp ? before : new SessionDescription(now)
}
