import type { Connection } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import type { Operation } from '../../telemetry/operation.ts'

/** The protocol that every libp2p node serves: 32 bytes come back as they are. */
const pingProtocol = '/ipfs/ping/1.0.0'
const pingBytes = 32

/**
 * Pings over this one connection, whatever other ones the peer has. Resolves with the round trip in ms; a peer that
 * serves no ping is alive too. Rejects when no answer came before the operation was cancelled, or the connection broke.
 */
export const pingConnection = async (connection: Connection, { signal }: Operation): Promise<number> => {
  const began = performance.now()
  try {
    const stream = await connection.newStream(pingProtocol, { signal, runOnLimitedConnection: true })
    try {
      const bytes = byteStream(stream)
      const sentAt = performance.now()
      await bytes.write(crypto.getRandomValues(new Uint8Array(pingBytes)), { signal })
      await bytes.read({ bytes: pingBytes, signal })
      const rttMs = performance.now() - sentAt
      stream.close({ signal }).catch(() => {})
      return rttMs
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  } catch (error) {
    // It took the question apart and answered: two round trips, one for the header and one for the protocol.
    if (error instanceof Error && error.name === 'UnsupportedProtocolError') return (performance.now() - began) / 2
    throw error
  }
}
