import { encode } from 'uint8-varint'
import { KAD_PROTOCOL } from '../../workers/protocol/protocols.ts'
import type { Dice } from './dice.ts'

/** Bytes of multistream-select and yamux, well-formed and malformed. */

export interface YamuxHeader {
  version?: number
  type?: number
  flags?: number
  stream?: number
  length?: number
}

const yamuxFrame = (header: YamuxHeader, data: Uint8Array = new Uint8Array(0)): Buffer => {
  const { version = 0, type = 0, flags = 0, stream = 1, length = data.length } = header
  const bytes = Buffer.alloc(12)
  bytes[0] = version
  bytes[1] = type
  bytes.writeUInt16BE(flags, 2)
  bytes.writeUInt32BE(stream >>> 0, 4)
  bytes.writeUInt32BE(length >>> 0, 8)
  return Buffer.concat([bytes, data])
}

const [data, windowUpdate, ping, goAway] = [0, 1, 2, 3]
const [syn, ack, fin, rst] = [1, 2, 4, 8]
const flagSets = [0, syn, ack, fin, rst, syn | fin, syn | rst, syn | ack, fin | rst, 15, 0xffff]
const lengths = [0, 1, 12, 65_535, 262_143, 262_144, 262_145, 1 << 20, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
const streams = [0, 1, 2, 3, 4, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff]

/** Protocols that the relay supports, and some that it does not. */
const protocols = [
  '/ipfs/id/1.0.0',
  '/ipfs/id/push/1.0.0',
  '/ipfs/ping/1.0.0',
  '/meshsub/1.1.0',
  '/meshsub/1.2.0',
  KAD_PROTOCOL,
  '/libp2p/circuit/relay/0.2.0/hop',
  '/libp2p/circuit/relay/0.2.0/stop',
  '/unsupported/1.0.0',
  '',
  'ls',
  'na',
  '/',
  '/yamux/1.0.0',
  '/noise',
]

/** A multistream-select message: its length, the text, a line feed. */
export const selectMessage = (text: string): Buffer => {
  const body = Buffer.from(`${text}\n`)
  return Buffer.concat([varint(body.length), body])
}

const varint = (value: number): Buffer => Buffer.from(encode(value))

export const selectGreeting = selectMessage('/multistream/1.0.0')

export const selectBytes = (dice: Dice): Buffer =>
  dice.pick([
    () => Buffer.concat([selectGreeting, selectMessage(dice.pick(protocols))]),
    () => Buffer.concat([selectGreeting, selectGreeting, selectGreeting]),
    () => selectMessage('x'.repeat(dice.below(3_000))),
    () => Buffer.concat([varint(dice.pick([0, 1_024, 1_025, 1 << 20, 2 ** 31, 2 ** 52])), dice.bytes(dice.below(50))]),
    () => Buffer.alloc(dice.between(1, 2_000), 0xff),
    () => Buffer.concat([selectGreeting, ...Array.from({ length: dice.below(200) }, () => selectMessage('/no'))]),
    () => Buffer.concat([selectGreeting, varint(5), Buffer.from('/abcd')]),
    () => Buffer.concat([selectGreeting, Buffer.alloc(dice.below(400))]),
    () => dice.bytes(dice.below(600)),
  ])()

/** The start of a protocol message: its length and a plausible protobuf. */
const messageBytes = (dice: Dice): Buffer => {
  const parts: Buffer[] = []
  for (let count = dice.below(12); count > 0; count -= 1) {
    const wireType = dice.pick([0, 1, 2, 2, 2, 5, 3, 7])
    parts.push(varint((dice.between(0, 15) << 3) | wireType))
    if (wireType === 0) parts.push(dice.oneIn(4) ? Buffer.alloc(11, 0xff) : varint(dice.below(1 << 30)))
    if (wireType === 1) parts.push(dice.bytes(8))
    if (wireType === 5) parts.push(dice.bytes(4))
    if (wireType === 2) {
      const body = dice.bytes(dice.below(60))
      parts.push(varint(dice.oneIn(5) ? dice.pick(lengths) : body.length), body)
    }
  }
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(dice.oneIn(6) ? dice.pick(lengths) : body.length), body])
}

const header = (dice: Dice): YamuxHeader => ({
  version: dice.oneIn(12) ? dice.between(1, 255) : 0,
  type: dice.oneIn(8) ? dice.below(256) : dice.below(4),
  flags: dice.pick(flagSets),
  stream: dice.pick(streams),
  length: dice.pick(lengths),
})

/** Opens a stream, negotiates a protocol and sends messages. */
const stream = (dice: Dice, id: number): Buffer[] => {
  const opening = Buffer.concat([selectGreeting, selectMessage(dice.pick(protocols))])
  const messages = Buffer.concat(Array.from({ length: dice.below(4) }, () => messageBytes(dice)))
  return [
    yamuxFrame({ type: windowUpdate, flags: syn, stream: id, length: dice.oneIn(5) ? dice.pick(lengths) : 0 }),
    yamuxFrame({ type: data, stream: id }, dice.oneIn(5) ? selectBytes(dice) : opening),
    yamuxFrame({ type: data, stream: id, flags: dice.pick([0, 0, fin, rst]) }, messages),
  ]
}

/** Kinds of misuse of a muxer by name; each returns frames in order. */
export const yamuxKinds: Record<string, (dice: Dice) => Buffer[]> = {
  'any header': (dice) =>
    Array.from({ length: dice.between(1, 20) }, () =>
      yamuxFrame(header(dice), dice.oneIn(3) ? dice.bytes(dice.below(300)) : undefined),
    ),
  'a wrong version': (dice) => [yamuxFrame({ version: dice.between(1, 255) })],
  'an unknown type': (dice) => [yamuxFrame({ type: dice.between(4, 255), stream: dice.pick(streams) })],
  'data on stream 0': () => [yamuxFrame({ stream: 0, flags: syn }, Buffer.alloc(4))],
  'stream ids of the other side': (dice) => [
    yamuxFrame({ type: windowUpdate, flags: syn, stream: 2 * dice.between(1, 9), length: 0 }),
  ],
  'unknown streams': (dice) =>
    Array.from({ length: 20 }, () =>
      yamuxFrame({ type: dice.below(2), stream: dice.pick(streams), flags: dice.pick([0, fin, rst, ack]), length: 0 }),
    ),
  'a window that overflows': (dice) => [
    ...stream(dice, 1),
    ...Array.from({ length: dice.between(1, 50) }, () =>
      yamuxFrame({ type: windowUpdate, stream: 1, length: 0xffff_ffff }),
    ),
  ],
  'more than the window': (dice) => [
    yamuxFrame({ type: windowUpdate, flags: syn, stream: 1, length: 0 }),
    yamuxFrame({ stream: 1, length: dice.pick([262_145, 1 << 20, 0xffff_ffff]) }, dice.bytes(200)),
  ],
  'an unfinished frame': (dice) => [
    yamuxFrame({ stream: 1, flags: syn, length: dice.between(1, 262_144) }, dice.bytes(dice.below(300))),
  ],
  'a flood of streams': (dice) =>
    Array.from({ length: dice.between(100, 1_200) }, (_, at) =>
      yamuxFrame({ type: windowUpdate, flags: syn, stream: 2 * at + 1, length: 0 }),
    ),
  'streams opened and reset': (dice) =>
    Array.from({ length: dice.between(50, 400) }, (_, at) => [
      yamuxFrame({ type: windowUpdate, flags: syn, stream: 2 * at + 1, length: 0 }),
      yamuxFrame({ type: windowUpdate, flags: rst, stream: 2 * at + 1, length: 0 }),
    ]).flat(),
  'a stream opened twice': (dice) => [...stream(dice, 1), ...stream(dice, 1)],
  'a flood of pings': (dice) =>
    Array.from({ length: dice.between(10, 2_000) }, (_, at) =>
      yamuxFrame({ type: ping, flags: syn, stream: 0, length: at }),
    ),
  'unsolicited ping responses': (dice) => [
    yamuxFrame({ type: ping, flags: dice.pick([ack, 0, fin, 15]), stream: 0, length: dice.pick(lengths) }),
  ],
  'streams after go away': (dice) => [
    yamuxFrame({ type: goAway, stream: 0, length: dice.pick([0, 1, 2, 3, 99, 0xffff_ffff]) }),
    ...stream(dice, 1),
  ],
  'go away with open streams': (dice) => [
    ...stream(dice, 1),
    ...stream(dice, 3),
    yamuxFrame({ type: goAway, stream: 0, length: dice.below(4) }),
  ],
  'protocol messages': (dice) => Array.from({ length: dice.between(1, 6) }, (_, at) => stream(dice, 2 * at + 1)).flat(),
  'protocol negotiation': (dice) => [
    yamuxFrame({ type: windowUpdate, flags: syn, stream: 1, length: 0 }),
    yamuxFrame({ stream: 1 }, selectBytes(dice)),
  ],
  'data in single bytes': (dice) => [
    yamuxFrame({ type: windowUpdate, flags: syn, stream: 1, length: 0 }),
    ...Array.from(selectBytes(dice).subarray(0, 300), (byte) => yamuxFrame({ stream: 1 }, Uint8Array.of(byte))),
  ],
  'any bytes': (dice) => [dice.bytes(dice.below(500))],
}
