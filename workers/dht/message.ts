import { encode as varint } from 'uint8-varint'
import { concatBytes } from '../protocol/bytes.ts'
import { readVarint } from '../protocol/varint.ts'

/**
 * Kademlia messages of libp2p (specs/kad-dht, protobuf `Message`): requests out, answers in.
 *
 * The decoder is total: any bytes yield an answer or undefined, in linear time. It skips unknown fields, as protobuf
 * requires, and does not validate ids, addresses and records.
 */

/** Numbers of the protobuf enum `MessageType`. */
export const messageTypes = { putValue: 0, getValue: 1, addProvider: 2, getProviders: 3, findNode: 4 } as const

export type MessageType = (typeof messageTypes)[keyof typeof messageTypes]

export interface Question {
  type: MessageType
  key: Uint8Array
  /** A serialized record, in PUT_VALUE. */
  record?: Uint8Array
  /** In ADD_PROVIDER. */
  providers?: readonly MessagePeer[]
}

export interface MessagePeer {
  /** A multihash. */
  id: Uint8Array
  multiaddrs: Uint8Array[]
}

export interface MessageAnswer {
  type: number
  record: Uint8Array | undefined
  closer: MessagePeer[]
  providers: MessagePeer[]
}

/** Limit on each list of peers in one answer: k of Kademlia, which an honest peer never exceeds. */
const maxPeers = 20

/** Limit on the addresses of one peer: a tab has one or two for each of its relays. */
const maxAddresses = 16

export const encodeQuestion = ({ type, key, record, providers = [] }: Question): Uint8Array =>
  concatBytes([
    varint(tag(1, 0)),
    varint(type),
    ...delimited(2, key),
    ...(record === undefined ? [] : delimited(3, record)),
    ...providers.flatMap(({ id, multiaddrs }) =>
      delimited(9, concatBytes([...delimited(1, id), ...multiaddrs.flatMap((address) => delimited(2, address))])),
    ),
  ])

export const decodeAnswer = (bytes: Uint8Array): MessageAnswer | undefined => {
  const answer: MessageAnswer = { type: messageTypes.putValue, record: undefined, closer: [], providers: [] }
  const isWhole = readFields(bytes, (field, value) => {
    if (typeof value === 'number') {
      if (field === 1) answer.type = value
      return true
    }
    if (field === 3) answer.record = value
    const peers = field === 8 ? answer.closer : field === 9 ? answer.providers : undefined
    if (peers === undefined || peers.length >= maxPeers) return true
    const peer = decodePeer(value)
    if (peer !== undefined) peers.push(peer)
    return peer !== undefined
  })
  return isWhole ? answer : undefined
}

/** Size of a 32-bit varint (bytes). */
export const maxNumberBytes = 5

/** Reads a varint; undefined if it has more than 32 bits. */
export const readNumber = (bytes: Uint8Array, at: number): ReturnType<typeof readVarint> => {
  const number = readVarint(bytes, at, maxNumberBytes)
  return typeof number === 'object' && number.value >= 2 ** 32 ? undefined : number
}

const decodePeer = (bytes: Uint8Array): MessagePeer | undefined => {
  const peer: MessagePeer = { id: new Uint8Array(), multiaddrs: [] }
  const isWhole = readFields(bytes, (field, value) => {
    if (typeof value === 'number') return true
    if (field === 1) peer.id = value
    if (field === 2 && peer.multiaddrs.length < maxAddresses) peer.multiaddrs.push(value)
    return true
  })
  return isWhole && peer.id.length > 0 ? peer : undefined
}

/** Passes each number and byte string to `take`; false if the bytes are not a message or `take` rejects a field. */
const readFields = (bytes: Uint8Array, take: (field: number, value: number | Uint8Array) => boolean): boolean => {
  for (let at = 0; at < bytes.length; ) {
    const key = readNumber(bytes, at)
    if (key === undefined || key === 'more') return false
    const field = Math.floor(key.value / 8)
    const wireType = key.value % 8
    at = key.end
    if (wireType === 1 || wireType === 5) {
      at += wireType === 1 ? 8 : 4
      if (at > bytes.length) return false
      continue
    }
    const number = readNumber(bytes, at)
    if (number === undefined || number === 'more') return false
    at = number.end
    if (wireType === 0) {
      if (!take(field, number.value)) return false
      continue
    }
    if (wireType !== 2 || number.value > bytes.length - at) return false
    if (!take(field, bytes.subarray(at, at + number.value))) return false
    at += number.value
  }
  return true
}

const tag = (field: number, wireType: number): number => field * 8 + wireType

const delimited = (field: number, bytes: Uint8Array): Uint8Array[] => [
  varint(tag(field, 2)),
  varint(bytes.length),
  bytes,
]
