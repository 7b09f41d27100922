import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Sha256 } from '../protocol/crypto.ts'
import { SYNC_MESSAGE_MAX_BYTES } from '../protocol/limits.ts'
import { SYNC_PROTOCOL } from '../protocol/protocols.ts'
import { createCoalescedRuns } from '../stack/coalesced-runs.ts'
import { messagesOver } from '../stack/message-stream.ts'
import { type Operation, runOperation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { SyncChannel } from './channel.ts'
import { type ExchangeResult, runInitiator, runResponder } from './exchange.ts'
import { createReplica, type SyncCatalogue } from './replica.ts'

/** Timeout of an exchange (ms): 10,000 entries over a slow relayed connection. */
const exchangeMs = 60_000

/** Timeout of a silent peer within an exchange (ms). */
const silenceMs = 10_000

/** Delay before entries received by sync are passed on (ms), so that a burst makes one round. */
const passOnMs = 250

/**
 * Bounds of the random interval between exchanges with one connected peer (ms). They repair lost gossip; randomness keeps
 * peers out of step. Equal catalogues cost two messages.
 */
const repairMs = { min: 30_000, max: 60_000 }

/**
 * Limit on the wait of our next exchange for the previous one (ms): a new node that meets ten peers at once receives the
 * catalogue from one and finds the others equal, and a slow or hostile peer does not block the rest.
 */
const patienceMs = 3_000

/**
 * Wait for the direct connection of a relayed peer (ms), several WebRTC dials; then the exchange uses the relay. Opening
 * a stream earlier would also dial in the other direction.
 */
const directComesMs = 3_000

/** Peers that receive new entries in one round; the rest learn from those. */
const passOnPeers = 8

export interface SyncDependencies {
  telemetry: Pick<Telemetry, 'tracer' | 'logger'>
  node: Pick<Libp2p, 'handle' | 'unhandle' | 'register' | 'unregister' | 'peerId' | 'getConnections'>
  catalogue: SyncCatalogue
  sha256: Sha256
  /** False if the node has only relayed connections. */
  directComes: boolean
  /** Opens a stream to a peer, on its direct connection if it has one. */
  openStream(peer: string, protocol: string, operation: Operation): Promise<Stream>
  /** An exchange ended, successfully or with a failure that shows whether the peer broke the protocol. */
  onExchange(peer: string, outcome: ExchangeResult | { failure: unknown }): void
  random(): number
}

export interface Sync {
  /** Syncs with connected peers now: after a wake, or after a publication that gossip could not deliver. */
  syncNow(): void
  /** The same, resolving with how many of them were then given everything that this catalogue has. */
  syncWithPeers(): Promise<number>
  stop(): Promise<void>
}

/**
 * Keeps this catalogue equal to those of connected peers: starts an exchange when a peer connects (the side with the
 * lower id begins), after receiving entries that others may lack, and at random intervals.
 */
export const startSync = async (deps: SyncDependencies): Promise<Sync> => {
  const { node, directComes, openStream, random } = deps
  const { tracer, logger } = deps.telemetry
  const log = logger('sync')
  const replica = createReplica(deps.catalogue, deps)
  const self = node.peerId.toString()
  const connected = new Set<string>()
  /** Recently connected relayed peers, each with the timer that starts the exchange at the latest. */
  const arriving = new Map<string, ReturnType<typeof setTimeout>>()
  const stopping = new AbortController()
  let passOnTimer: ReturnType<typeof setTimeout> | undefined
  let repairTimer: ReturnType<typeof setTimeout> | undefined
  const changedBy = new Set<string>()
  /** Peers that our last exchange with them gave everything. */
  const givenAll = new Set<string>()
  /** Settles when our last exchange has ended. */
  let before: Promise<unknown> = Promise.resolve()

  const arrived = (peer: string): void => {
    clearTimeout(arriving.get(peer))
    arriving.delete(peer)
  }

  /** Peers ready for an exchange. */
  const present = (): string[] => [...connected].filter((peer) => !arriving.has(peer))

  /** One exchange at a time with each peer; a request during an exchange starts another one after it. */
  const exchanges = createCoalescedRuns(async (peer: string): Promise<void> => {
    if (stopping.signal.aborted || !connected.has(peer)) return
    const turn = before
    const mine = Promise.withResolvers<void>()
    before = mine.promise
    await waitAtMost(turn, patienceMs)
    try {
      if (stopping.signal.aborted) return
      const result = await runOperation(tracer, 'sync', limit(), (operation) => initiate(peer, operation), { peer })
      // An exchange that moved entries makes progress; one that did not could repeat forever.
      if (!result.complete && result.accepted + result.sent > 0) void exchanges.ask(peer)
      if (result.complete) givenAll.add(peer)
      else givenAll.delete(peer)
      finished(peer, result)
    } catch (failure) {
      givenAll.delete(peer)
      failed(peer, failure)
    } finally {
      mine.resolve()
    }
  })

  const answer = async (stream: Stream, connection: Connection): Promise<void> => {
    const peer = connection.remotePeer.toString()
    try {
      const result = await runOperation(
        tracer,
        'sync_serve',
        limit(),
        (operation) => respond(stream, peer, operation),
        { peer },
      )
      finished(peer, result)
    } catch (failure) {
      failed(peer, failure)
    }
  }

  /** Runs an exchange on a stream, closes the stream afterwards, and describes both in the span. */
  const over = async (
    stream: Stream,
    operation: Operation,
    run: (channel: SyncChannel) => Promise<ExchangeResult>,
  ): Promise<ExchangeResult> => {
    const { signal, span } = operation
    const messages = messagesOver(stream, { maxBytes: SYNC_MESSAGE_MAX_BYTES, signal, silenceMs })
    let bytes = 0
    const channel: SyncChannel = {
      operation,
      send(message) {
        bytes += message.length
        return messages.send(message)
      },
      async receive() {
        const message = await messages.receive()
        bytes += message.length
        return message
      },
    }
    try {
      const result = await run(channel)
      const { accepted, rejected, sent, turns, equal, complete } = result
      span.setAttributes({ entries_in: accepted, entries_out: sent, rejected, turns, equal, complete })
      await stream.close({ signal })
      return result
    } catch (failure) {
      stream.abort(failure instanceof Error ? failure : new Error(String(failure)))
      throw failure
    } finally {
      span.setAttributes({ bytes })
    }
  }

  const limit = (): AbortSignal => AbortSignal.any([stopping.signal, AbortSignal.timeout(exchangeMs)])

  const initiate = async (peer: string, operation: Operation): Promise<ExchangeResult> => {
    const stream = await openStream(peer, SYNC_PROTOCOL, operation)
    return over(stream, operation, (channel) => runInitiator(channel, replica, peer))
  }

  const respond = (stream: Stream, peer: string, operation: Operation): Promise<ExchangeResult> =>
    over(stream, operation, (channel) => runResponder(channel, replica, peer))

  const failed = (peer: string, failure: unknown): void => {
    log.debug('exchange failed', { peer, failure: String(failure) })
    deps.onExchange(peer, { failure })
  }

  const finished = (peer: string, result: ExchangeResult): void => {
    log.debug('exchange ended', { peer, ...result })
    deps.onExchange(peer, result)
    if (result.accepted === 0) return
    changedBy.add(peer)
    passOnTimer ??= setTimeout(passOn, passOnMs)
  }

  /** Passes new entries on to peers other than their sender. */
  const passOn = (): void => {
    passOnTimer = undefined
    const only = changedBy.size === 1 ? [...changedBy][0] : undefined
    changedBy.clear()
    for (const peer of pick(
      present().filter((each) => each !== only),
      passOnPeers,
      random,
    ))
      void exchanges.ask(peer)
  }

  const isDirect = (peer: string): boolean =>
    node.getConnections().some(({ remotePeer, limits }) => limits === undefined && remotePeer.toString() === peer)

  const repair = (): void => {
    const peers = present()
    const direct = peers.filter(isDirect)
    for (const peer of pick(direct.length > 0 ? direct : peers, 1, random)) void exchanges.ask(peer)
    repairLater()
  }

  const repairLater = (): void => {
    repairTimer = setTimeout(repair, repairMs.min + random() * (repairMs.max - repairMs.min))
  }
  repairLater()

  await node.handle(SYNC_PROTOCOL, answer, {
    runOnLimitedConnection: true,
    maxInboundStreams: 4,
    maxOutboundStreams: 4,
  })
  const topology = await node.register(SYNC_PROTOCOL, {
    notifyOnLimitedConnection: true,
    onConnect(peerId, connection) {
      const peer = peerId.toString()
      connected.add(peer)
      arrived(peer)
      const begin = (): void => {
        arrived(peer)
        if (self < peer) void exchanges.ask(peer)
      }
      if (connection.limits === undefined || !directComes) begin()
      // Counted from the opening, since identify may already have waited for the direct connection. After a clock change
      // the wait is at most that of a fresh connection.
      else
        arriving.set(
          peer,
          setTimeout(begin, Math.min(connection.timeline.open + directComesMs - Date.now(), directComesMs)),
        )
    },
    onDisconnect(peerId) {
      const peer = peerId.toString()
      connected.delete(peer)
      givenAll.delete(peer)
      arrived(peer)
    },
  })

  const syncWithPeers = async (): Promise<number> => {
    const asked = pick(present(), passOnPeers, random)
    const given = await Promise.all(asked.map(async (peer) => exchanges.ask(peer).then(() => givenAll.has(peer))))
    return given.filter(Boolean).length
  }

  return {
    syncNow() {
      void syncWithPeers()
    },
    syncWithPeers,
    async stop() {
      stopping.abort()
      clearTimeout(repairTimer)
      for (const timer of arriving.values()) clearTimeout(timer)
      replica.stop()
      clearTimeout(passOnTimer)
      node.unregister(topology)
      await node.unhandle(SYNC_PROTOCOL)
    },
  }
}

const waitAtMost = async (promise: Promise<unknown>, ms: number): Promise<void> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, over])
  clearTimeout(timer)
}

/** Up to `count` random peers. */
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
