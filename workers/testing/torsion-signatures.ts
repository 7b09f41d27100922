import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes } from '../protocol/bytes.ts'
import { asciiToBytes } from '../protocol/text.ts'

/**
 * Signatures by keys A + T, where T has order 8: they always satisfy the equation with the cofactor, and the one
 * without it only if the challenge is a multiple of 8.
 */
export interface TorsionSignature {
  readonly key: Uint8Array
  readonly text: Uint8Array
  readonly signature: Uint8Array
  /** Validity by the equation without the cofactor. */
  readonly isGood: boolean
}

export const signedWithTorsion = (): TorsionSignature[] => {
  const { Point } = ed25519
  const order = Point.Fn.ORDER
  const secret = 0x1234_5678_9abc_def0n
  const torsion = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')
  const key = Point.BASE.multiply(secret).add(torsion).toBytes()
  const found: TorsionSignature[] = []
  for (let n = 1n; found.length < 24 || !found.some(({ isGood }) => isGood); n++) {
    const nonce = 0xfeed_0000n + n
    const r = Point.BASE.multiply(nonce).toBytes()
    const text = asciiToBytes(`message ${n}`)
    const challenge = fromBytes(sha512(concatBytes([r, key, text]))) % order
    const s = (nonce + challenge * secret) % order
    found.push({ key, text, signature: concatBytes([r, toBytes(s)]), isGood: challenge % 8n === 0n })
  }
  return found
}

const toBytes = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n))

const fromBytes = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
