import type { Stream } from '@libp2p/interface'
import { type GarbageKind, pour } from './garbage.ts'
import { createHostileNetwork } from './hostile-peers.ts'

/**
 * A hostile peer in a process of its own, so that what it holds does not count as its victim's. Started by `fork`; says
 * its address, then pours what it is told and says when the other side has enough.
 */
export interface PourOrder {
  peer: string
  protocol: string
  kind: GarbageKind
}

export type HostileReport = { address: string } | { poured: number } | { refused: string }

const report = (message: HostileReport): void => {
  process.send?.(message)
}

/** How long a stream is tried for, ms: this end may not know the connection yet, or have a stream of its own on it. */
const openMs = 10_000

const openSoon = async (peer: string, protocol: string): Promise<Stream> => {
  const end = performance.now() + openMs
  for (;;) {
    try {
      return await hostile.open(peer, protocol)
    } catch (error) {
      if (performance.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

const network = createHostileNetwork()
const hostile = await network.startHostile()
process.on('disconnect', () => process.exit(0))
let last: Stream | undefined
process.on('message', async ({ peer, protocol, kind }: PourOrder) => {
  // Each stays open until the next: what its victim holds of it shows meanwhile.
  last?.abort(new Error('enough'))
  try {
    last = await openSoon(peer, protocol)
    report({ poured: await pour(last, kind) })
  } catch (error) {
    report({ refused: String(error) })
  }
})
report({ address: hostile.address })
