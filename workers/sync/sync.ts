import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { Failure } from '../contract/failures.ts'
import { SYNC_MESSAGE_MAX_BYTES } from '../protocol/limits.ts'
import { SYNC_PROTOCOL } from '../protocol/protocols.ts'
import { type MessageChannel, runInitiator, runResponder, type SyncCatalogue } from './exchange.ts'

/** A peer that is silent for this long within an exchange is given up, ms. */
const silenceMs = 10_000

/** One exchange takes at most this long, ms: 10,000 entries over a slow relayed connection. */
const exchangeMs = 60_000

/** News that came by sync are handed on after this long, ms, so that a burst of them makes one round. */
const passOnMs = 250

/** Every so often one connected peer is asked, ms: mends what gossip lost. Equal catalogues cost two messages. */
const repairMs = 30_000

/** Peers that news are handed on to in one round; the rest learn from those. */
const passOnPeers = 8

export type SyncState = 'idle' | 'running'

export interface SyncDependencies {
  node: Pick<Libp2p, 'handle' | 'unhandle' | 'register' | 'unregister' | 'peerId'>
  catalogue: SyncCatalogue
  /** A stream to a peer, on its direct connection where there is one. */
  openStream(peer: string, protocol: string, signal: AbortSignal): Promise<Stream>
  /** An exchange ended: well, or with a failure that tells whether the peer broke the rules. */
  onExchange(peer: string, outcome: { accepted: number; sent: number } | { failure: unknown }): void
  random(): number
}

export interface Sync {
  /** Asks connected peers now: after waking up, or when something was published that gossip could hand to nobody. */
  syncNow(): void
  stop(): Promise<void>
}

/**
 * Keeps this catalogue equal to those of the connected peers: an exchange when a peer connects (the side with the lower
 * id begins), when news came that the others may not have, and now and then.
 */
export const startSync = async (deps: SyncDependencies): Promise<Sync> => {
  const { node, catalogue, openStream, onExchange, random } = deps
  const self = node.peerId.toString()
  const connected = new Set<string>()
  const running = new Set<string>()
  const again = new Set<string>()
  const stopping = new AbortController()
  let passOnTimer: ReturnType<typeof setTimeout> | undefined
  const newsFrom = new Set<string>()

  const exchangeWith = async (peer: string): Promise<void> => {
    if (stopping.signal.aborted) return
    if (running.has(peer)) {
      again.add(peer)
      return
    }
    running.add(peer)
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(exchangeMs)])
    let stream: Stream | undefined
    try {
      stream = await openStream(peer, SYNC_PROTOCOL, signal)
      const result = await runInitiator(channelOver(stream, signal), catalogue, peer)
      await stream.close({ signal })
      finished(peer, result)
    } catch (failure) {
      stream?.abort(failure instanceof Error ? failure : new Error(String(failure)))
      onExchange(peer, { failure })
    } finally {
      running.delete(peer)
    }
    if (again.delete(peer)) await exchangeWith(peer)
  }

  const answer = async (stream: Stream, connection: Connection): Promise<void> => {
    const peer = connection.remotePeer.toString()
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(exchangeMs)])
    try {
      const result = await runResponder(channelOver(stream, signal), catalogue, peer)
      await stream.close({ signal })
      finished(peer, result)
    } catch (failure) {
      stream.abort(failure instanceof Error ? failure : new Error(String(failure)))
      onExchange(peer, { failure })
    }
  }

  const finished = (peer: string, result: { accepted: number; sent: number }): void => {
    onExchange(peer, result)
    if (result.accepted === 0) return
    newsFrom.add(peer)
    passOnTimer ??= setTimeout(passOn, passOnMs)
  }

  /** Hands news on to peers other than the one they came from (which has them). */
  const passOn = (): void => {
    passOnTimer = undefined
    const only = newsFrom.size === 1 ? [...newsFrom][0] : undefined
    newsFrom.clear()
    for (const peer of pick(
      [...connected].filter((each) => each !== only),
      passOnPeers,
      random,
    ))
      void exchangeWith(peer)
  }

  const repair = setInterval(() => {
    for (const peer of pick([...connected], 1, random)) void exchangeWith(peer)
  }, repairMs)

  await node.handle(SYNC_PROTOCOL, answer, {
    runOnLimitedConnection: true,
    maxInboundStreams: 4,
    maxOutboundStreams: 4,
  })
  const topology = await node.register(SYNC_PROTOCOL, {
    notifyOnLimitedConnection: true,
    onConnect(peerId) {
      const peer = peerId.toString()
      connected.add(peer)
      if (self < peer) void exchangeWith(peer)
    },
    onDisconnect(peerId) {
      connected.delete(peerId.toString())
    },
  })

  return {
    syncNow() {
      for (const peer of pick([...connected], passOnPeers, random)) void exchangeWith(peer)
    },
    async stop() {
      stopping.abort()
      clearInterval(repair)
      clearTimeout(passOnTimer)
      node.unregister(topology)
      await node.unhandle(SYNC_PROTOCOL)
    },
  }
}

const channelOver = (stream: Stream, signal: AbortSignal): MessageChannel => {
  const framed = lpStream(stream, { maxDataLength: SYNC_MESSAGE_MAX_BYTES })
  return {
    send: (message) => framed.write(message, { signal }),
    async receive() {
      try {
        const message = await framed.read({ signal: AbortSignal.any([signal, AbortSignal.timeout(silenceMs)]) })
        return message.subarray()
      } catch (thrown) {
        throw toViolation(thrown)
      }
    },
  }
}

/** What no honest peer sends, by the name that tells so: a frame longer than any message, a length that never ends. */
const toViolation = (thrown: unknown): unknown => {
  const name = thrown instanceof Error ? thrown.name : ''
  if (name === 'InvalidDataLengthError')
    return new Failure('RecordTooLarge', `The peer sent a sync message of more than ${SYNC_MESSAGE_MAX_BYTES} bytes.`)
  if (name === 'InvalidDataLengthLengthError' || name === 'InvalidMessageLengthError' || thrown instanceof RangeError)
    return new Failure('RecordMalformed', 'The peer sent what is no sync message.')
  return thrown
}

/** Up to `count` of `peers`, chosen at random. */
const pick = (peers: string[], count: number, random: () => number): string[] => {
  for (let at = 0; at < Math.min(count, peers.length); at++) {
    const other = at + Math.floor(random() * (peers.length - at))
    const [here, there] = [peers[at], peers[other]]
    if (here === undefined || there === undefined) continue
    peers[at] = there
    peers[other] = here
  }
  return peers.slice(0, count)
}
