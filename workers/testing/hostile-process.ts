import type { Stream } from '@libp2p/interface'
import { type GarbageKind, pour } from './garbage.ts'
import { createHostileNodes, type HostileNode } from './hostile-nodes.ts'

/**
 * Hostile nodes in another process, so that their memory does not count as their victim's. Started by `fork`. The order
 * `appear` starts a node under a new identity and reports its address; an order to pour reports when the other side
 * stopped reading.
 */
export type HostileOrder = 'appear' | { peer: string; protocol: string; kind: GarbageKind }

export type HostileReport = { ready: true } | { address: string } | { poured: number } | { refused: string }

/** How long opening a stream is retried (ms): this side may not have the connection yet, or be busy on it. */
const openMs = 10_000

const nodes = createHostileNodes()
let hostile: HostileNode | undefined

const report = (message: HostileReport): void => {
  process.send?.(message)
}

const appear = async (): Promise<string> => {
  await nodes.stopAll()
  hostile = await nodes.start()
  return hostile.address
}

const openSoon = async (peer: string, protocol: string): Promise<Stream> => {
  if (hostile === undefined) throw new Error('it has not appeared')
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

process.on('disconnect', () => process.exit(0))
process.on('message', async (order: HostileOrder) => {
  try {
    if (order === 'appear') report({ address: await appear() })
    // The stream stays open, so that the victim's memory for it can be measured.
    else report({ poured: await pour(await openSoon(order.peer, order.protocol), order.kind) })
  } catch (error) {
    report({ refused: String(error) })
  }
})
report({ ready: true })
