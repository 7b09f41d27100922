import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import type { Entry } from '../protocol/entry.ts'
import { toHex } from '../protocol/ids.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import type { SyncChannel } from '../sync/channel.ts'
import { type ExchangeResult, runInitiator } from '../sync/exchange.ts'
import { createReplica, type SyncCatalogue } from '../sync/replica.ts'
import { untraced } from '../telemetry/operation.ts'

/** Limit of an answer (ms). */
const silenceMs = 10_000

/** Starts a sync exchange on a stream that offers these entries, valid or not. */
export const giveEntries = async (stream: Stream, entries: readonly Entry[], peer: string): Promise<ExchangeResult> => {
  const replica = createReplica(await catalogueOf(entries), webCrypto)
  const result = await runInitiator(channelOver(stream), replica, peer)
  await stream.close()
  return result
}

/** A catalogue that claims to have these entries, and discards received ones. */
export const catalogueOf = async (entries: readonly Entry[]): Promise<SyncCatalogue> => {
  const entryById = new Map<string, Entry>()
  for (const entry of entries) entryById.set(toHex(await webCrypto.sha256(entry.bytes)), entry)
  return {
    watchIds(watcher) {
      for (const id of entryById.keys()) watcher(id, true)
      return () => {}
    },
    entries: async (wanted) => wanted.flatMap((id) => entryById.get(toHex(id)) ?? []),
    ingest: async () => ({ accepted: 0, rejected: 0, forged: 0, unproven: 0, unsupported: [] }),
  }
}

const channelOver = (stream: Stream): SyncChannel => {
  const framed = lpStream(stream)
  return {
    operation: untraced(),
    send: (message) => framed.write(message),
    receive: async () => (await framed.read({ signal: AbortSignal.timeout(silenceMs) })).subarray(),
  }
}
