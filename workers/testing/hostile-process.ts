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

const network = createHostileNetwork()
const hostile = await network.startHostile()
process.on('disconnect', () => process.exit(0))
let last: Stream | undefined
process.on('message', async ({ peer, protocol, kind }: PourOrder) => {
  // Each stays open until the next: what its victim holds of it shows meanwhile.
  last?.abort(new Error('enough'))
  try {
    last = await hostile.open(peer, protocol)
    report({ poured: await pour(last, kind) })
  } catch (error) {
    report({ refused: String(error) })
  }
})
report({ address: hostile.address })
