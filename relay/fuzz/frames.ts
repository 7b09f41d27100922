import type { Dice } from './dice.ts'

/** WebSocket frames of a client, well-formed and malformed. */

export interface FrameOptions {
  fin?: boolean
  /** The reserved bits, 0 to 7. */
  reserved?: number
  masked?: boolean
  /** Length in the header; by default that of the payload. */
  length?: bigint
  /** Size of the length field (bytes); by default the shortest. */
  lengthBytes?: 1 | 2 | 8
}

export const frame = (opcode: number, payload: Uint8Array, options: FrameOptions = {}): Buffer => {
  const { fin = true, reserved = 0, masked = true, length = BigInt(payload.length) } = options
  const { lengthBytes = length < 126n ? 1 : length < 65_536n ? 2 : 8 } = options
  const size = Buffer.alloc(lengthBytes === 1 ? 1 : 1 + lengthBytes)
  size[0] = (masked ? 0x80 : 0) | (lengthBytes === 1 ? Number(length & 0x7fn) : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) size.writeUInt16BE(Number(length & 0xffffn), 1)
  if (lengthBytes === 8) size.writeBigUInt64BE(length & 0xffff_ffff_ffff_ffffn, 1)
  const mask = masked ? Buffer.from([0x37, 0xfa, 0x21, 0x3d]) : Buffer.alloc(0)
  const body = Buffer.from(payload)
  if (masked) for (let at = 0; at < body.length; at += 1) body[at] = (body[at] ?? 0) ^ (mask[at & 3] ?? 0)
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | (reserved << 4) | opcode]), size, mask, body])
}

const binary = 2
const text = 1
const none = new Uint8Array(0)

const closeCodes = [0, 1, 999, 1000, 1004, 1005, 1006, 1014, 1015, 1016, 2999, 3000, 4999, 5000, 65_535]

const badText = [
  [0xff],
  [0xc0, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xe2, 0x82],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
].map((bytes) => Uint8Array.from(bytes))

const hugeLengths = [
  1n << 20n,
  1n << 31n,
  1n << 32n,
  1n << 53n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
  262_145n,
]

const short = (dice: Dice): Buffer => dice.bytes(dice.below(130))

/** Kinds of misuse by name; each returns the bytes of one or more frames. */
export const frameKinds: Record<string, (dice: Dice) => Buffer> = {
  'reserved bits': (dice) => frame(dice.pick([0, 1, 2, 8, 9, 10]), short(dice), { reserved: dice.between(1, 7) }),
  'unknown opcodes': (dice) => frame(dice.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), short(dice)),
  unmasked: (dice) => frame(dice.pick([1, 2, 8, 9]), short(dice), { masked: false }),
  'an overlong length field': (dice) => frame(binary, short(dice), { lengthBytes: dice.pick([2, 8]) }),
  'a wrong length': (dice) => frame(binary, short(dice), { length: BigInt(dice.edge()) }),
  'a huge length': (dice) => frame(binary, short(dice), { length: dice.pick(hugeLengths), lengthBytes: 8 }),
  'text in invalid UTF-8': (dice) => frame(text, dice.pick(badText)),
  'well-formed text': (dice) => frame(text, Buffer.from('ü'.repeat(dice.below(40)))),
  'a character split between frames': (dice) => {
    const [first, second] = [Buffer.from([0xe2, 0x82]), Buffer.from([dice.pick([0xac, 0xff])])]
    return Buffer.concat([frame(text, first, { fin: false }), frame(0, second)])
  },
  'close codes': (dice) => {
    const code = Buffer.alloc(2)
    code.writeUInt16BE(dice.oneIn(3) ? dice.below(65_536) : dice.pick(closeCodes))
    return frame(8, Buffer.concat([code, dice.oneIn(2) ? dice.pick(badText) : dice.bytes(dice.below(123))]))
  },
  'a close frame of one byte': () => frame(8, Uint8Array.of(3)),
  'frames after close': (dice) => Buffer.concat([frame(8, none), frame(binary, short(dice)), frame(9, none)]),
  'a fragmented control frame': (dice) => frame(dice.pick([8, 9, 10]), short(dice), { fin: false }),
  'an overlong control frame': (dice) => frame(dice.pick([8, 9, 10]), dice.bytes(dice.between(126, 300))),
  'continuation without a start': (dice) => frame(0, short(dice), { fin: dice.oneIn(2) }),
  'a new message within a message': (dice) =>
    Buffer.concat([frame(binary, short(dice), { fin: false }), frame(dice.pick([1, 2]), short(dice))]),
  'an endless message': (dice) =>
    Buffer.concat(
      Array.from({ length: dice.between(1, 100) }, (_, at) =>
        frame(at === 0 ? binary : 0, short(dice), { fin: false }),
      ),
    ),
  'many tiny fragments': (dice) =>
    Buffer.concat(
      Array.from({ length: dice.between(60, 2_000) }, (_, at) =>
        frame(at === 0 ? binary : 0, Uint8Array.of(at), { fin: false }),
      ),
    ),
  'empty fragments': (dice) =>
    Buffer.concat(
      Array.from({ length: dice.between(60, 2_000) }, (_, at) => frame(at === 0 ? binary : 0, none, { fin: false })),
    ),
  'a flood of pings': (dice) =>
    Buffer.concat(Array.from({ length: dice.between(1, 500) }, () => frame(9, short(dice).subarray(0, 125)))),
  'unsolicited pongs': (dice) => Buffer.concat(Array.from({ length: dice.between(1, 100) }, () => frame(10, none))),
  'a control frame within a message': (dice) =>
    Buffer.concat([frame(binary, short(dice), { fin: false }), frame(9, none), frame(0, short(dice))]),
  'the longest message': (dice) => frame(binary, Buffer.alloc(dice.pick([262_144, 262_145, 300_000]), 1)),
  'an overlong message in fragments': () =>
    Buffer.concat([frame(binary, Buffer.alloc(200_000), { fin: false }), frame(0, Buffer.alloc(200_000))]),
  'an unfinished frame': (dice) =>
    frame(binary, Buffer.alloc(dice.below(60_000)), { length: BigInt(dice.between(60_001, 262_144)) }),
  'a truncated header': (dice) => frame(binary, short(dice), { lengthBytes: 8 }).subarray(0, dice.between(1, 13)),
  'any bytes': (dice) => dice.bytes(dice.below(400)),
  'compression that was not negotiated': (dice) => frame(binary, short(dice), { reserved: 4 }),
  'bytes that libp2p cannot decode': (dice) => frame(binary, dice.bytes(dice.below(2_000))),
}
