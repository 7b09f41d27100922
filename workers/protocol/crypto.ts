/**
 * What the protocol needs of cryptography, handed in by whoever runs it, so that this folder stays pure and the same
 * code works in a tab, a worker and a relay. Signatures are Ed25519 over raw 32-byte public keys.
 */

export type Sha256 = (bytes: Uint8Array) => Promise<Uint8Array>

/** Resolves to false, never rejects, for a key or a signature of a wrong length or form. */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => Promise<boolean>

export interface CryptoProvider {
  readonly sha256: Sha256
  readonly verify: Verify
}

/** One private key, seen only by what it can do. */
export interface Signer {
  /** Raw Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Promise<Uint8Array>
}
