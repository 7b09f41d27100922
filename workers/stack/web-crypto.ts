import { generateKeyPairFromSeed, privateKeyFromRaw } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { base64url } from 'multiformats/bases/base64'
import { concatBytes } from '../protocol/bytes.ts'
import type { CryptoProvider, Signer } from '../protocol/crypto.ts'
import { verifyWithoutPlatform } from './ed25519.ts'
import { createLruMap } from './lru-map.ts'

/** Ed25519 lengths (bytes, RFC 8032 §5.1). */
const keyBytes = 32
const signatureBytes = 64
const seedBytes = 32

/** Imported keys in the cache, at about 500 bytes each: those of a few hundred active publishers. */
const maxKeys = 1_024

/**
 * Hashes and signatures with the platform's WebCrypto, in tabs, workers and Node. Without Ed25519 (browsers before 2025),
 * `@libp2p/crypto` signs and `ed25519.ts` verifies in JavaScript.
 *
 * `verify` returns false for anything but a valid signature, garbage included; it never rejects.
 */
export const webCrypto: CryptoProvider = {
  sha256: async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', own(bytes))),
  async verify(publicKey, message, signature) {
    if (publicKey.length !== keyBytes || signature.length !== signatureBytes) return false
    try {
      return (await ed25519Supported())
        ? await verifyByPlatform(publicKey, message, signature)
        : verifyWithoutPlatform(publicKey, message, signature)
    } catch {
      // Most likely 32 bytes that are not a point of the curve.
      return false
    }
  },
}

/** A new Ed25519 seed, 32 bytes from the platform's random source. */
export const generateSigningKey = async (): Promise<Uint8Array> => crypto.getRandomValues(new Uint8Array(seedBytes))

/**
 * libp2p's Ed25519 key derived from `seed` (32 bytes; anything else is a TypeError). The library derives the public key in
 * JavaScript, which blocks a cold start for 15 ms; the platform does it at once.
 */
export const keyFromSeed = async (seed: Uint8Array): Promise<PrivateKey> => {
  if (seed.length !== seedBytes) throw new TypeError(`A seed has ${seedBytes} bytes.`)
  return (await ed25519Supported())
    ? privateKeyFromRaw(concatBytes([seed, await publicKeyByPlatform(seed)]))
    : keyByLibrary(seed)
}

export const keyByLibrary = (seed: Uint8Array): Promise<PrivateKey> => generateKeyPairFromSeed('Ed25519', seed.slice())

/** Signs with the Ed25519 key derived from `seed` (32 bytes; anything else is a TypeError). */
export const createSigner = async (seed: Uint8Array): Promise<Signer> => {
  const key = await keyFromSeed(seed)
  return {
    publicKey: key.publicKey.raw.slice(),
    // Node returns a Buffer, whose `slice` shares memory, unlike that of a Uint8Array.
    sign: async (message) => new Uint8Array(await key.sign(message)),
  }
}

/** Keys of an engine by the platform's WebCrypto, or by `@libp2p/crypto` where it has no Ed25519. */
export const webKeys = { generateSeed: generateSigningKey, createSigner, privateKey: keyFromSeed }

/** Prefix of the seed in a private key of RFC 8410 (PKCS #8). */
const pkcs8Prefix = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32)

const publicKeyByPlatform = async (seed: Uint8Array): Promise<Uint8Array> => {
  const key = await crypto.subtle.importKey('pkcs8', own(concatBytes([pkcs8Prefix, seed])), 'Ed25519', true, ['sign'])
  const { x = '' } = await crypto.subtle.exportKey('jwk', key)
  return base64url.baseDecode(x)
}

const verifyByPlatform = async (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> => {
  const key = await importKey(publicKey)
  return crypto.subtle.verify('Ed25519', key, own(signature), own(message))
}

/** Importing is a separate job before verification, so each key is imported once. */
const importedKeys = createLruMap<Promise<CryptoKey>>(maxKeys)

const importKey = (publicKey: Uint8Array): Promise<CryptoKey> => {
  const id = String.fromCharCode(...publicKey)
  return importedKeys.getOrCreate(id, () => {
    const imported = crypto.subtle.importKey('raw', own(publicKey), 'Ed25519', false, ['verify'])
    // The sender chooses the number of bad keys.
    imported.catch(() => importedKeys.delete(id))
    return imported
  })
}

let support: Promise<boolean> | undefined

const ed25519Supported = (): Promise<boolean> => {
  support ??= crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']).then(
    () => true,
    () => false,
  )
  return support
}

/** WebCrypto rejects views of shared memory; such bytes are copied. */
const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes.slice()
