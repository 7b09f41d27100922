import type { IceCandidateInit, SessionDescriptionInit } from '../contract/rtc.ts'

/** RTCSessionDescription for a worker. */
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

/** RTCIceCandidate for a worker: the fields that signalling needs, without the parsed ones. */
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

/** Copies a description of any class into one that a port can carry. */
export const plainDescription = ({ type, sdp }: { type: SessionDescriptionInit['type']; sdp?: string }) =>
  sdp === undefined ? { type } : { type, sdp }

/** The current description: the same object as before if it did not change. */
export const reviveDescription = (
  before: SessionDescription | null,
  now: SessionDescriptionInit | null,
): SessionDescription | null => {
  if (now === null) return null
  return now.sdp === before?.sdp ? before : new SessionDescription(now)
}
