import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { internalsOf } from './internals.ts'

/** What `newStream` opens its streams with, before it negotiates a protocol. */
export interface Muxer {
  createStream(): Promise<Stream>
}

const withMuxer = internalsOf<{ readonly muxer: Muxer }>('libp2p', { 'muxer.createStream': 'function' })

const withTransport = internalsOf<{ readonly maConn: object }>('libp2p', { maConn: 'object' })

/** @throws InternalsChanged */
export const muxerOf = (connection: Connection): Muxer => withMuxer(connection).muxer

/** The transport's connection under one of libp2p. */
export const transportConnection = (connection: Connection): object => withTransport(connection).maConn

/**
 * Aborts each connection that lacks one of these parts and reports it as an uncaught error. A node has no connection to
 * check when it is created, so that its first one is the earliest sign of a libp2p with other insides. Returns its undo.
 */
export const requireConnectionInternals = (
  node: Pick<Libp2p, 'addEventListener' | 'removeEventListener'>,
): (() => void) => {
  const onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    try {
      muxerOf(connection)
      transportConnection(connection)
    } catch (error) {
      connection.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }
  node.addEventListener('connection:open', onOpen)
  return () => node.removeEventListener('connection:open', onOpen)
}
