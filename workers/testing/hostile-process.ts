import type { Stream } from '@libp2p/interface'
import { type GarbageKind, pour } from './garbage.ts'
import { createHostileNodes, type Hostile } from './hostile-nodes.ts'

/**
 * Hostile peers in a process of their own, so that what they hold does not count as their victim's. Started by `fork`:
 * told `appear`, it becomes a peer that nobody knows and says its address; told to pour, it says when the other side has
 * enough.
 */
export type HostileOrder = 'appear' | { peer: string; protocol: string; kind: GarbageKind }

export type HostileReport = { ready: true } | { address: string } | { poured: number } | { refused: string }

/** How long a stream is tried for, ms: this end may not know the connection yet, or have a stream of its own on it. */
const openMs = 10_000

const nodes = createHostileNodes()
let hostile: Hostile | undefined

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
    // The stream stays open: what its victim holds of it shows meanwhile.
    else report({ poured: await pour(await openSoon(order.peer, order.protocol), order.kind) })
  } catch (error) {
    report({ refused: String(error) })
  }
})
report({ ready: true })
