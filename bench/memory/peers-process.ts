import { createTestNetwork } from '../../workers/testing/relay-network.ts'

/** Entry of a process with as many nodes as its first argument says. It sends their addresses to its parent. */
const count = Number(process.argv[2])
process.once('disconnect', () => process.exit(0))
const network = createTestNetwork()
const addresses: string[] = []
while (addresses.length < count) {
  const { libp2p } = await network.startTab([])
  addresses.push(libp2p.getMultiaddrs()[0]?.toString() ?? '')
}
process.send?.(addresses)
