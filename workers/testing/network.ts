import type { Update } from '../contract/updates.ts'
import type { FileInput } from '../contract/views.ts'
import type { RunningEngine } from '../engine/command-gate.ts'
import { createEngine, type Engine } from '../engine/create-engine.ts'
import { webSockets as dialWebSockets } from '../libp2p-internals/websockets.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import type { Tracer } from '../telemetry/telemetry.ts'
import { createLinks, type LinkConditions } from './delayed-memory.ts'
import { createTestPlatform } from './platform.ts'
import { createSeededRandom } from './seeded-random.ts'

/**
 * Whole engines in one process, as `create-engine` makes them in a tab, over the memory transport: each with a disk, a
 * clock and an address of its own, and links between them that delay, lose and cut. What is random has a seed; the
 * order in which the process runs what is due at once is not controlled.
 */

export interface EnginePeer extends Omit<RunningEngine, 'publish' | 'connect' | 'stop'> {
  readonly name: string
  /** Its peer id, the same after a restart. */
  readonly id: string
  readonly publisherId: string
  readonly address: string
  /** What it has stored; outlives `leave`. */
  readonly disk: Store
  /** The parts below the commands, to look into. */
  readonly storage: Engine['storage']
  readonly network: Engine['network']
  /** Everything that its engine has told the page, oldest first. */
  readonly updates: readonly Update[]
  /** Its clock is ahead of this machine's by so much, ms; may be changed while it runs. */
  clockMs: number
  publish(
    slug: string,
    version: string,
    files?: Readonly<Record<string, Uint8Array>>,
  ): ReturnType<RunningEngine['publish']>
  /** Dials these peers. */
  meet(...others: readonly { readonly address: string }[]): Promise<void>
}

export interface EngineNetworkOptions {
  seed?: number
  conditions?: Partial<LinkConditions>
  /** Lets the engines dial over WebSockets, too; those connections go over no link. */
  webSockets?: boolean
}

/** A link within a city; a lost message comes by the least retransmission timeout of TCP later. */
const defaultConditions: LinkConditions = { delayMs: 5, jitterMs: 3, loss: 0, retransmitMs: 200 }

interface StartOptions {
  clockMs?: number
  /** Records the spans of its operations. */
  tracer?: Tracer
}

/** `DEBUG=dht,sync` writes the logs of these rooms, of all engines of a test. */
const debugOptions = (): { debug?: string } => {
  const rooms = process.env['DEBUG']
  return rooms === undefined ? {} : { debug: rooms }
}

/** Memory addresses are global to the process. */
let addresses = 0

export const createEngineNetwork = ({ seed = 1, conditions, webSockets = false }: EngineNetworkOptions = {}) => {
  const links = createLinks(seed, { ...defaultConditions, ...conditions })
  const random = createSeededRandom(seed + 1)
  const engineRandom = createSeededRandom(seed + 2)
  const running = new Map<EnginePeer, { stop(): Promise<void> }>()
  const disks = new Map<string, Store>()
  const dead = new Set<string>()
  let groupByPeer = new Map<string, number>()

  const isApart = (from: string, to: string): boolean => groupByPeer.get(from) !== groupByPeer.get(to)
  const applyCuts = (): void => links.cut((from, to) => dead.has(from) || dead.has(to) || isApart(from, to))
  const diskOf = (name: string): Store => {
    const disk = disks.get(name) ?? createMemoryStore()
    disks.set(name, disk)
    return disk
  }

  /** Starts an engine, or the one of this name again with what it had stored. */
  const start = async (name: string, { clockMs = 0, tracer }: StartOptions = {}): Promise<EnginePeer> => {
    addresses += 1
    const listen = `/memory/engine-${addresses}`
    const disk = diskOf(name)
    const updates: Update[] = []
    const clock = { clockMs }
    const engine = await createEngine(
      {
        profile: `test-${addresses}-${name}`,
        relays: [],
        iceServers: [],
        ...debugOptions(),
        updates: { postMessage: (batch) => void updates.push(...batch) },
        onStolen() {},
      },
      createTestPlatform({
        disk,
        random: engineRandom,
        clockMs: () => clock.clockMs,
        ...(tracer === undefined ? {} : { tracer }),
        node: { transports: [links.transport, ...(webSockets ? [dialWebSockets()] : [])], listen: [listen] },
      }),
    )
    const { peerId, publisherId } = await engine.commands.status()
    // Commands work before the node listens.
    await engine.network.started
    const peer: EnginePeer = Object.assign(clock, {
      ...engine.commands,
      name,
      id: peerId,
      publisherId,
      disk,
      storage: engine.storage,
      network: engine.network,
      updates,
      address: `${listen}/p2p/${peerId}`,
      publish: (slug: string, version: string, files: Readonly<Record<string, Uint8Array>> = {}) =>
        engine.commands.publish(packageFiles(slug, version, files)),
      async meet(...others: readonly { readonly address: string }[]) {
        await Promise.all(others.map(({ address }) => engine.commands.connect(address)))
      },
    })
    dead.delete(peerId)
    running.set(peer, engine.commands)
    return peer
  }

  const leave = async (peer: EnginePeer): Promise<void> => {
    const engine = running.get(peer)
    running.delete(peer)
    await engine?.stop()
  }

  return {
    conditions: links.conditions,
    start,
    /** What the engine of this name has, or will begin with. */
    diskOf,
    startMany: (names: readonly string[], options?: { clockMs?: number }) =>
      Promise.all(names.map((name) => start(name, options))),
    peers: (): EnginePeer[] => [...running.keys()].filter(({ id }) => !dead.has(id)),
    /** The transport for a node of a test's own, with the same links. */
    transport: links.transport,
    /** It says goodbye and goes; `start` with its name brings it back. */
    leave,
    /** From now on they answer nothing and nobody is told: their connections stay open. */
    silence(victims: readonly EnginePeer[]) {
      for (const { id } of victims) dead.add(id)
      applyCuts()
    },
    /**
     * Nothing passes from one group to another: what was connected is lost, and whoever dials waits in vain. Peers in no
     * group are together.
     */
    partition(groups: readonly (readonly EnginePeer[])[]) {
      groupByPeer = new Map(groups.flatMap((group, index) => group.map(({ id }) => [id, index])))
      applyCuts()
      links.sever(isApart)
    },
    heal() {
      groupByPeer.clear()
      applyCuts()
    },
    /** So many times one of these, chosen at random, leaves and comes again, where it dials the others as it knew them. */
    async churn(peers: EnginePeer[], times: number): Promise<EnginePeer[]> {
      const present = [...peers]
      for (let time = 0; time < times; time += 1) {
        const at = Math.floor(random() * present.length)
        const going = present[at]
        if (going === undefined) break
        await leave(going)
        const back = await start(going.name, { clockMs: going.clockMs })
        present[at] = back
        await back.meet(...present.filter((each) => each !== back))
      }
      return present
    },
    async stopAll() {
      // Closing takes an answer: those that are cut off must give it.
      dead.clear()
      groupByPeer.clear()
      Object.assign(links.conditions, { delayMs: 0, jitterMs: 0, loss: 0 })
      applyCuts()
      await Promise.all([...running.keys()].map(leave))
      disks.clear()
    },
  }
}

export type EngineNetwork = ReturnType<typeof createEngineNetwork>

/** Each dials the one before it and the first: from there they find each other. */
export const introduce = async (peers: readonly EnginePeer[]): Promise<void> => {
  const [first] = peers
  if (first === undefined) return
  await Promise.all(
    peers.slice(1).map((peer, at) => {
      const before = peers[at]
      return before === undefined || before === first ? peer.meet(first) : peer.meet(first, before)
    }),
  )
}

/** What has not come about by then never will, however busy the machine is, ms. */
const hangMs = 200_000

/** Waits until it holds: what never comes is named by what it was. */
export const eventually = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
  signal: AbortSignal,
): Promise<void> => {
  const end = performance.now() + hangMs
  while (!(await holds())) {
    if (signal.aborted || performance.now() > end) throw new Error(`It never came about: ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const packageFiles = (slug: string, version: string, files: Readonly<Record<string, Uint8Array>> = {}): FileInput[] => {
  const manifest = `[package]\nname = "${slug}"\nversion = "${version}"\ndescription = "The ${slug} package"\n`
  const all = { 'package.toml': new TextEncoder().encode(manifest), ...files }
  return Object.entries(all).map(([path, bytes]) => ({ path, bytes }))
}
