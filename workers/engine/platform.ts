import type { PrivateKey } from '@libp2p/interface'
import type { WakeReason } from '../contract/commands.ts'
import type { Failure } from '../contract/failures.ts'
import type { ConnectionCounts } from '../contract/rtc.ts'
import type { StatusView } from '../contract/views.ts'
import type { CreateNodeOptions } from '../net/create-node.ts'
import type { CryptoProvider, Signer } from '../protocol/crypto.ts'
import type { OpenedStore } from '../store/open-store.ts'
import type { Meter, Tracer } from '../telemetry/telemetry.ts'

/**
 * The environment of an engine, which reads no browser globals: a worker (`browser-engine.ts`), a test or a Node
 * process supplies it.
 */
export interface Platform {
  /** URL of the page's server, which lists relays and has a clock; undefined without a server. */
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
  /** Calls `listener` when the machine resumes or goes online. Returns a function that removes it. */
  onWake(listener: (reason: WakeReason) => void): () => void
  /** Transports besides WebRTC and relays, and listen addresses. Default: WebSockets, not listening. */
  readonly node: Pick<CreateNodeOptions, 'transports' | 'listen'>
  /** Undefined without WebRTC support: the node then works over relays. */
  readonly webRtc: WebRtc | undefined
  /** What this profile and this program use, as far as the environment tells. */
  readonly usage: Usage
  /** Writes a line of the debug log. */
  writeLog(line: string): void
  /** Replaces the engine's own tracer, in tests and benchmarks. */
  readonly tracer: Tracer | undefined
  /** Replaces the engine's own meter, in benchmarks: the commands that read metrics then find none. */
  readonly meter: Meter | undefined
}

export interface Usage {
  /** Bytes stored by this origin and its limit; undefined where unknown. Never rejects. */
  storage(): Promise<{ used: number; quota: number } | undefined>
  /** Heap of this worker or process (bytes). */
  heapBytes(): number | undefined
}

/** Generates Ed25519 seeds of 32 bytes, and creates keys from them. */
export interface KeyProvider {
  /** A new seed from a cryptographically secure random source. */
  generateSeed(): Promise<Uint8Array>
  createSigner(seed: Uint8Array): Promise<Signer>
  /** The key of a libp2p node. */
  privateKey(seed: Uint8Array): Promise<PrivateKey>
}

export interface Clocks {
  /** Wall clock (ms since the epoch); people may set it. */
  wall(): number
  /** Monotonic clock (ms); only differences count. It may stand still while the machine sleeps. */
  monotonic(): number
}

export interface StoreEvents {
  /** Called when the open store is lost; it can no longer be read or written. */
  onClosed(reason: Failure): void
}

export interface ProfileLockOptions {
  /** Takes the lock from a holder that is frozen. */
  steal?: boolean
  /** Called when another engine took the lock: everything must stop at once. */
  onStolen?(): void
}

export interface ProfileLock {
  /** Resolves if this holder may write; rejects with `ProfileInUse` if another engine took over during a freeze. */
  assertHeld(): Promise<void>
  release(): void
}

export interface WebRtc {
  channelPath(): StatusView['channelPath']
  connections(): ConnectionCounts
  close(): void
}
