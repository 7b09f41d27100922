import type { Update } from '../contract/updates.ts'
import type { FileInput } from '../contract/views.ts'
import type { RunningEngine } from '../engine/command-gate.ts'
import { createEngine, type Engine } from '../engine/create-engine.ts'
import { webSockets as dialWebSockets } from '../libp2p-internals/websockets.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import type { Meter, Tracer } from '../telemetry/telemetry.ts'
import { createLinks, type LinkConditions } from './delayed-memory.ts'
import { createTestPlatform } from './platform.ts'
import { createSeededRandom } from './seeded-random.ts'

/**
 * Runs whole engines in one process, created by `create-engine` as in a tab, over the memory transport. Each has its
 * own disk, clock and address; the links between them delay, lose and cut messages. Randomness is seeded; the order of
 * tasks that are due at the same time is not controlled.
 */

export interface EnginePeer extends Omit<RunningEngine, 'publish' | 'connect' | 'stop'> {
  readonly name: string
  /** Its peer id, which survives restarts. */
  readonly id: string
  readonly publisherId: string
  readonly address: string
  /** Its storage, which outlives `leave`. */
  readonly disk: Store
  /** The parts below the commands, for inspection. */
  readonly storage: Engine['storage']
  readonly network: Engine['network']
  /** All updates that its engine sent to the page, oldest first. */
  readonly updates: readonly Update[]
  /** How far its clock is ahead of this machine's (ms); may be changed while it runs. */
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
  /** Lets the engines also dial over WebSockets; such connections bypass the links. */
  webSockets?: boolean
}

/** A link within a city. A lost message arrives later by TCP's minimum retransmission timeout. */
const defaultConditions: LinkConditions = { delayMs: 5, jitterMs: 3, loss: 0, retransmitMs: 200 }

interface StartOptions {
  clockMs?: number
  /** Records the spans of its operations. */
  tracer?: Tracer
  /** Replaces its meter. */
  meter?: Meter
  /** URL of the page's server; none if absent. */
  origin?: string
}

/** `DEBUG=dht,sync` prints the logs of these rooms for all engines of a test. */
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

  /** Starts an engine, with the storage of an earlier one of the same name. */
  const start = async (
    name: string,
    { clockMs = 0, tracer, meter, origin }: StartOptions = {},
  ): Promise<EnginePeer> => {
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
        ...(meter === undefined ? {} : { meter }),
        ...(origin === undefined ? {} : { origin }),
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
    /** The storage of the engine of this name, which may start later. */
    diskOf,
    startMany: (names: readonly string[], options?: { clockMs?: number }) =>
      Promise.all(names.map((name) => start(name, options))),
    peers: (): EnginePeer[] => [...running.keys()].filter(({ id }) => !dead.has(id)),
    /** A transport over the same links, for additional nodes of a test. */
    transport: links.transport,
    /** Stops a peer gracefully; `start` with its name brings it back. */
    leave,
    /** Silences peers: they answer nothing, but their connections stay open. */
    silence(victims: readonly EnginePeer[]) {
      for (const { id } of victims) dead.add(id)
      applyCuts()
    },
    /**
     * Cuts all traffic between groups: connections are lost, and dials across time out. Peers outside all groups form
     * one more group.
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
    /** Repeatedly restarts a random one of these peers, which then redials the others. */
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
      // A graceful close needs an answer, so links are restored first.
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

/** Connects each peer to the previous and the first one; they find the others from there. */
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

/** Timeout after which a condition counts as unreachable, even on a busy machine (ms). */
const hangMs = 200_000

/** Waits until a condition holds; names the condition when it times out. */
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
