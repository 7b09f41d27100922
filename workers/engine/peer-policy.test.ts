import { beforeEach, expect, test } from 'vitest'
import { Failure } from '../contract/failures.ts'
import { createInMemoryMeter, type MeterReader } from '../telemetry/in-memory-meter.ts'
import { createPeerPolicy, faultOf, isSilence, isViolation, type PeerPolicy } from './peer-policy.ts'

let reported: string[]
let banned: boolean
let peerPolicy: PeerPolicy
let figures: MeterReader

beforeEach(() => {
  reported = []
  banned = false
  const { meter, reader } = createInMemoryMeter()
  figures = reader
  peerPolicy = createPeerPolicy({
    telemetry: { meter },
    reputation: { observe: (peer, { kind }) => void reported.push(`${peer} ${kind}`), isBanned: () => banned },
    pool: {
      report: (peer, outcome) => void reported.push(`connection to ${peer} ${outcome}`),
      drop: (peer) => void reported.push(`connections to ${peer} closed`),
    },
    forget: (peer) => void reported.push(`${peer} forgotten`),
  })
})

test('the outcome of a request counts for the peer and its connection', () => {
  peerPolicy.experience('p', { kind: 'ok', ms: 5 })
  peerPolicy.experience('p', { kind: 'failed' })
  expect(reported).toEqual(['p ok', 'connection to p answered', 'p failed', 'connection to p failed'])
})

test('a reported violation disconnects only a banned peer, a drop always', () => {
  peerPolicy.reportViolation('p', 'malformed')
  expect(reported).toEqual(['p violation'])
  banned = true
  peerPolicy.reportViolation('p', 'malformed')
  expect(reported.slice(1)).toEqual(['p violation', 'p forgotten', 'connections to p closed'])
  banned = false
  peerPolicy.drop('q', 'signature')
  expect(reported.slice(4)).toEqual(['q violation', 'q forgotten', 'connections to q closed'])
})

test('invalid data is counted by its kind, a flood of valid data is not', () => {
  peerPolicy.reportViolation('p', 'malformed')
  peerPolicy.drop('p', 'malformed')
  peerPolicy.drop('p', 'hash')
  peerPolicy.refusedPut('p', 'signature')
  peerPolicy.refusedPut('p', 'older')
  peerPolicy.drop('p', 'flood')
  const count = (kind: string): number => figures.sum('verification_failures_total', { kind })
  expect(['hash', 'signature', 'malformed', 'flood'].map(count)).toEqual([1, 1, 2, 0])
})

test('a slow or broken network is no violation', () => {
  expect(
    ['Timeout', 'PeerUnreachable', 'Cancelled'].map((name) =>
      isViolation(new Failure(name as 'Timeout', { code: 'cancelled' })),
    ),
  ).toEqual([false, false, false])
  expect(isViolation(new Error('the stream was reset'))).toBe(false)
  expect(isSilence(new Failure('Timeout', { code: 'peer-timed-out' }))).toBe(true)
  expect(isViolation(new Failure('SignatureInvalid', { code: 'entry-forged' }))).toBe(true)
  expect(faultOf(new Failure('SignatureInvalid', { code: 'entry-forged' }))).toBe('signature')
  expect(faultOf(new Failure('RecordTooLarge', { code: 'message-too-large', limit: 1 }))).toBe('malformed')
})
