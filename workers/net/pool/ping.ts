import type { Connection } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import type { Operation } from '../../telemetry/operation.ts'

/** Served by every libp2p node: it echoes 32 bytes. */
const pingProtocol = '/ipfs/ping/1.0.0'
const pingBytes = 32

/**
 * Pings over this connection only. Resolves with the round trip (ms), also for a peer that answers without serving
 * ping. Rejects when the connection breaks, or the operation is cancelled before an answer.
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
    // The refusal is an answer: two round trips, one for the header and one for the protocol.
    if (error instanceof Error && error.name === 'UnsupportedProtocolError') return (performance.now() - began) / 2
    throw error
  }
}
