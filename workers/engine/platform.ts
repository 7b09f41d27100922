import type { PrivateKey } from '@libp2p/interface'
import type { WakeReason } from '../contract/commands.ts'
import type { Failure } from '../contract/failures.ts'
import type { ConnectionCounts } from '../contract/rtc.ts'
import type { StatusView } from '../contract/views.ts'
import type { CreateNodeOptions } from '../net/create-node.ts'
import type { CryptoProvider, Signer } from '../protocol/crypto.ts'
import type { OpenedStore } from '../store/open-store.ts'
import type { Tracer } from '../telemetry/telemetry.ts'

/**
 * The machine around an engine. An engine reads no global of a browser: a worker (`browser-engine.ts`), a test or a Node
 * process hands in what it has.
 */
export interface Platform {
  /** URL of the server that the page came from: it names relays and has a clock. Undefined where there is none. */
  readonly origin: string | undefined
  readonly clocks: Clocks
  readonly crypto: CryptoProvider
  readonly keys: KeyProvider
  /** In [0, 1); for jitter and sampling, never for keys. */
  random(): number
  randomUuid(): string
  openStore(name: string, events: StoreEvents): Promise<OpenedStore>
  /** @throws Failure `ProfileInUse` when another engine keeps the lock. */
  lockProfile(profile: string, options: ProfileLockOptions): Promise<ProfileLock>
  /** Calls `listener` when the machine resumes or gets a network. Returns its undo. */
  onWake(listener: (reason: WakeReason) => void): () => void
  /** The transports other than WebRTC and relays, and where to listen; WebSockets and nowhere unless given. */
  readonly node: Pick<CreateNodeOptions, 'transports' | 'listen'>
  /** Undefined where there is no WebRTC: the node then works over relays. */
  readonly webRtc: WebRtc | undefined
  /** Where the lines of debug logs go. */
  writeLog(line: string): void
  /** Records the spans of operations; undefined where nobody collects them. */
  readonly tracer: Tracer | undefined
}

/** Makes Ed25519 keys, and loads them from their seeds of 32 bytes. */
export interface KeyProvider {
  /** A new seed from a random source fit for keys. */
  generateSeed(): Promise<Uint8Array>
  createSigner(seed: Uint8Array): Promise<Signer>
  /** The key of a libp2p node. */
  privateKey(seed: Uint8Array): Promise<PrivateKey>
}

export interface Clocks {
  /** Wall clock (ms since the epoch). A person may set it. */
  wall(): number
  /** Monotonic clock (ms); only differences count. It may stand still while the machine sleeps. */
  monotonic(): number
}

export interface StoreEvents {
  /** The open store is gone; nothing can be read or written any more. */
  onClosed(reason: Failure): void
}

export interface ProfileLockOptions {
  /** Takes the lock from a holder that is frozen. */
  steal?: boolean
  /** The lock was taken by another engine: everything must stop at once. */
  onStolen?(): void
}

export interface ProfileLock {
  /** Resolves where this holder may write; rejects with `ProfileInUse` when it was frozen and another took over. */
  assertHeld(): Promise<void>
  release(): void
}

export interface WebRtc {
  channelPath(): StatusView['channelPath']
  connections(): ConnectionCounts
  close(): void
}
