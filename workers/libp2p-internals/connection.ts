import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { internalsOf } from './internals.ts'

/** The muxer with which `newStream` opens streams before protocol negotiation. */
export interface Muxer {
  createStream(): Promise<Stream>
}

const withMuxer = internalsOf<{ readonly muxer: Muxer }>('libp2p', { 'muxer.createStream': 'function' })

const withTransport = internalsOf<{ readonly maConn: object }>('libp2p', { maConn: 'object' })

/** @throws InternalsChanged */
export const muxerOf = (connection: Connection): Muxer => withMuxer(connection).muxer

/** The transport connection under a libp2p connection. */
export const transportConnection = (connection: Connection): object => withTransport(connection).maConn

/**
 * Aborts each connection that lacks one of these parts and reports it as an uncaught error. A new node has no connection
 * to check, so the first one is the earliest sign of changed internals. Returns a function that stops it.
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
