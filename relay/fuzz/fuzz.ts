import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { WebSocket } from 'ws'
import { attacks, type Target } from './attacker.ts'
import { createDice } from './dice.ts'
import type { FromTarget, Measure, Started } from './target.ts'

export interface FuzzOptions {
  cases: number
  seed: number
  /** Concurrent cases. */
  parallel?: number
  /** Called with the number of finished cases, every thousand. */
  onProgress?(done: number): void
}

export interface FuzzResult {
  cases: number
  /** Number of cases of each kind. */
  kinds: Record<string, number>
  /** Resources of the target before and after, and of a control target that served honest connections. */
  attacked: { before: Measure; after: Measure }
  control: { before: Measure; after: Measure }
  /** Afterwards: whether the page is healthy, and whether a stock libp2p peer got a reservation. */
  healthy: boolean
  reserved: boolean
}

const host = '127.0.0.1'

/** Cases before the first measurement, so that compilation and caches do not count. */
const warmUp = 400

/** Time for sockets to close after the attacks (ms); their longest timeout is ten seconds. */
const settleMs = 60_000

/**
 * Runs seeded cases of misuse against a relay and a page server in their own process, and as many honest connections
 * against another such process, and measures both. Case n is the same for the same seed.
 */
export const fuzz = async ({ cases, seed, parallel = 24, onProgress }: FuzzOptions): Promise<FuzzResult> => {
  const folder = await mkdtemp(join(tmpdir(), 'ggen-fuzz-'))
  await writeFile(join(folder, 'index.html'), `<!doctype html><title>page</title>${'<p>words</p>'.repeat(2_000)}`)
  const [attacked, control] = await Promise.all([startTarget(folder), startTarget(folder)])
  const kinds: Record<string, number> = {}

  const attack = async (index: number): Promise<void> => {
    const dice = createDice(seed * 1_000_003 + index)
    const kind = await dice.pick(attacks)(dice, attacked.target)
    kinds[kind] = (kinds[kind] ?? 0) + 1
  }

  try {
    await together(warmUp, parallel, attack)
    await together(warmUp, parallel, () => visit(control.target))
    const before = { attacked: await attacked.settled(), control: await control.settled() }
    let done = 0
    await together(cases, parallel, async (index) => {
      if (attacked.child.exitCode !== null || attacked.child.signalCode !== null) return
      await attack(warmUp + index)
      done += 1
      if (done % 1_000 === 0) onProgress?.(done)
    })
    await together(cases, parallel, () => visit(control.target))
    return {
      cases: done,
      kinds,
      attacked: { before: before.attacked, after: await attacked.settled() },
      control: { before: before.control, after: await control.settled() },
      healthy: await isHealthy(attacked.target),
      reserved: await canReserve(attacked.started.relay),
    }
  } finally {
    await Promise.all([attacked.stop(), control.stop()])
    await rm(folder, { recursive: true, force: true })
  }
}

interface RunningTarget {
  child: ChildProcess
  started: Started
  target: Target
  /** Measures once all sockets have closed, or after `settleMs`. */
  settled(): Promise<Measure>
  stop(): Promise<void>
}

const startTarget = async (folder: string): Promise<RunningTarget> => {
  const child = fork(join(import.meta.dirname, 'target.ts'), [], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, HOST: host, RELAY_DATA: folder, PAGE_FOLDER: folder },
  })
  const next = async (): Promise<FromTarget> => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code, signal]) => {
        throw new Error(`The target ended with ${signal ?? code}.`)
      }),
    ])) as [FromTarget]
    return message
  }
  const first = await next()
  if (first.kind !== 'started') throw new Error('The target did not start.')
  const measure = async (): Promise<Measure> => {
    const answer = next()
    child.send('measure')
    const message = await answer
    if (message.kind !== 'measure') throw new Error('The target did not measure.')
    return message.measure
  }
  return {
    child,
    started: first.started,
    target: { host, pagePort: first.started.pagePort, relayPort: first.started.relayPort },
    async settled() {
      const end = performance.now() + settleMs
      for (;;) {
        const found = await measure()
        if ((found.sockets === 0 && found.connections === 0) || performance.now() > end) return measure()
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

/** Runs `task` for each index, `parallel` at a time. */
const together = async (count: number, parallel: number, task: (index: number) => Promise<void>): Promise<void> => {
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) {
      next += 1
      await task(next - 1)
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
}

/** Makes honest connections: a request for the page, and a WebSocket that opens and closes. */
const visit = async ({ host, pagePort, relayPort }: Target): Promise<void> => {
  const socket = new WebSocket(`ws://${host}:${relayPort}/`)
  socket.on('error', () => {})
  socket.on('open', () => socket.close())
  await once(socket, 'close')
  await fetch(`http://${host}:${pagePort}/`, { headers: { Connection: 'close' } }).then((response) => response.text())
}

const isHealthy = async ({ host, pagePort }: Target): Promise<boolean> => {
  const response = await fetch(`http://${host}:${pagePort}/healthz`)
  const health: unknown = await response.json()
  return response.ok && typeof health === 'object' && health !== null && 'ok' in health && health.ok === true
}

const canReserve = async (relay: string): Promise<boolean> => {
  const node = await createLibp2p({
    addresses: { listen: [`${relay}/p2p-circuit`] },
    transports: [webSockets(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify() },
  })
  try {
    for (let times = 0; times < 300; times += 1) {
      if (node.getMultiaddrs().some((address) => address.toString().includes('p2p-circuit'))) return true
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return false
  } finally {
    await node.stop()
  }
}

/** Returns the problems that `fuzz` found as sentences; none if the target passed. */
export const problems = (result: FuzzResult, expected: number): string[] => {
  const { attacked, control } = result
  const found: string[] = []
  if (result.cases !== expected) found.push(`The target ended after about ${result.cases} of ${expected} cases.`)
  if (attacked.after.faults > 0)
    found.push(`${attacked.after.faults} errors reached the process:\n${attacked.after.lines.join('\n')}`)
  if (attacked.after.sockets > 0) found.push(`${attacked.after.sockets} sockets remain open.`)
  if (attacked.after.connections > 0) found.push(`${attacked.after.connections} connections remain open.`)
  const growth = attacked.after.held - attacked.before.held
  const allowed = Math.max(0, control.after.held - control.before.held) + allowedGrowthBytes
  if (growth > allowed) found.push(`The heap grew by ${growth} bytes; the control allows ${allowed}.`)
  if (!result.healthy) found.push('The page reports that it is unhealthy.')
  if (!result.reserved) found.push('A peer got no reservation.')
  return found
}

/** Allowed growth beyond that of the control (bytes): the peer store keeps peers, within its own bounds. */
const allowedGrowthBytes = 4_000_000
