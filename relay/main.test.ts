import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createTestNetwork, until } from '../workers/testing/relay-network.ts'
import { startCollector } from './otlp/fixtures/collector.ts'

const main = join(import.meta.dirname, 'main.ts')
const network = createTestNetwork()
const children: ChildProcess[] = []
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ggen-main-'))
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>page</title>')
})
afterEach(async () => {
  await network.stopAll()
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Run {
  child: ChildProcess
  output(): string
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

const run = (environment: Record<string, string>): Run => {
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: '0',
      RELAY_PORT: '0',
      RELAY_DATA: folder,
      PAGE_FOLDER: folder,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  return { child, output: () => output, ended }
}

const started = async (environment: Record<string, string> = {}): Promise<Run & { page: string; relay: string }> => {
  const running = run(environment)
  await until('both lines are printed', () => /^page: .+\nrelay: .+\n/m.test(running.output()))
  const [, page = '', relay = ''] = /^page: (.+)\nrelay: (.+)\n/m.exec(running.output()) ?? []
  return { ...running, page, relay }
}

/** Returns the process id of a part. */
const partOf = ({ pid }: ChildProcess, name: 'page' | 'relay'): number => {
  const children = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
  for (const line of children.split('\n')) {
    const [, own, parent, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    if (Number(parent) === pid && command.includes(`parts/${name}.ts`)) return Number(own)
  }
  return Number.NaN
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('relay/main.ts', () => {
  it('logs the rooms named by DEBUG', async () => {
    const { output } = await started({ DEBUG: 'relay' })
    await until('the relay logged its start', () =>
      / debug relay relay started peer=12D3KooW\w+ port=\d+$/m.test(output()),
    )
    expect(output()).not.toMatch(/ (debug|trace) gossip |libp2p/)
  }, 60_000)

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'serves the page and the relay, and exits with 0 on %s',
    async (signal) => {
      const { child, output, ended, page, relay } = await started()
      expect(output()).toBe(`page: ${page}\nrelay: ${relay}\n`)
      expect(relay).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/ws\/p2p\/12D3KooW\w+$/)
      expect(await (await fetch(page)).text()).toContain('<title>page</title>')
      expect(await (await fetch(`${page}/relays.json`)).json()).toEqual({ relays: [relay] })
      expect(await (await fetch(`${page}/healthz`)).json()).toMatchObject({ ok: true, peers: 0, reservations: 0 })

      const node = await network.startTab([relay])
      await until('a tab has a reservation', () => node.keeper.relays()[0]?.reserved === true)
      child.kill(signal)
      expect(await ended).toEqual({ code: 0, signal: null })
      expect(output()).toBe(`page: ${page}\nrelay: ${relay}\n`)
    },
    60_000,
  )

  it('keeps its peer id over a restart', async () => {
    const first = await started()
    first.child.kill('SIGTERM')
    await first.ended
    const second = await started()
    const peerOf = (address: string) => address.split('/').at(-1)
    expect(peerOf(second.relay)).toBe(peerOf(first.relay))
  })

  it('keeps the page up when the relay dies and the relay up when the page dies, and restarts both', async () => {
    const { child, page, relay } = await started()
    const get = (path: string) => fetch(`${page}${path}`).then((response) => response.text())
    const health = () => fetch(`${page}/healthz`)
    const reserved = async (): Promise<void> => {
      const node = await network.startTab([relay])
      await until('a tab has a reservation', () => node.keeper.relays()[0]?.reserved === true)
      await node.stop()
    }
    const relayBefore = partOf(child, 'relay')
    process.kill(relayBefore, 'SIGKILL')
    // While it is down and afterwards.
    expect(await get('/')).toContain('<title>page</title>')
    expect(JSON.parse(await get('/relays.json'))).toEqual({ relays: [relay] })
    await expect.poll(async () => (await health()).status, { timeout: 30_000 }).toBe(200)
    expect(partOf(child, 'relay')).not.toBe(relayBefore)
    await reserved()

    const pageBefore = partOf(child, 'page')
    const relayNow = partOf(child, 'relay')
    const node = await network.startTab([relay])
    await until('a tab has a reservation', () => node.keeper.relays()[0]?.reserved === true)
    const [connection] = node.libp2p.getConnections()
    process.kill(pageBefore, 'SIGKILL')
    await expect.poll(() => get('/').catch(() => ''), { timeout: 30_000 }).toContain('<title>page</title>')
    expect(JSON.parse(await get('/relays.json'))).toEqual({ relays: [relay] })
    expect(partOf(child, 'relay')).toBe(relayNow)
    expect(connection?.status).toBe('open')
  })

  it('answers /metrics with the figures of both processes, and says when the relay is down', async () => {
    const collector = await startCollector()
    try {
      const { child, page, relay } = await started({ OTLP_ENDPOINT: collector.endpoint })
      const metrics = () => fetch(`${page}/metrics`).then((response) => response.text())
      const node = await network.startTab([relay])
      await until('a tab has a reservation', () => node.keeper.relays()[0]?.reserved === true)
      await expect.poll(metrics).toMatch(/^ggen_page_relay_up 1\n(.*\n)*ggen_relay_reservations 1$/m)

      const posted = await fetch(`${page}/otlp/v1/traces`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Origin: page },
        body: '{"resourceSpans":[]}',
      })
      expect([posted.status, await posted.json()]).toEqual([200, {}])
      expect(collector.received.map(({ body }) => body.toString())).toContain('{"resourceSpans":[]}')

      process.kill(partOf(child, 'relay'), 'SIGSTOP')
      await expect.poll(metrics).toMatch(/^ggen_page_relay_up 0$/m)
      process.kill(partOf(child, 'relay'), 'SIGCONT')
      await expect.poll(metrics).toMatch(/^ggen_page_relay_up 1$/m)
    } finally {
      await collector.stop()
    }
  })

  it('leaves no process behind when it is killed', async () => {
    const { child } = await started()
    const pids = [partOf(child, 'relay'), partOf(child, 'page')]
    child.kill('SIGKILL')
    await until('both have ended', () => pids.every((pid) => !isRunning(pid)))
  })

  it('exits with 1 and the reason when configuration, page or ports are wrong', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const taken = String((server.address() as { port: number }).port)
    try {
      for (const [environment, message] of [
        [{ PORT: 'http' }, 'PORT must be a port from 0 to 65535'],
        [{ PAGE_FOLDER: join(folder, 'none') }, 'The page is not built. Run `npm run build` first.'],
        [{ PORT: taken }, `PORT: the port ${taken} of 127.0.0.1 is taken.`],
        [{ RELAY_PORT: taken }, `RELAY_PORT: the port ${taken} of 127.0.0.1 is taken.`],
      ] as const) {
        const { output, ended } = run(environment)
        expect(await ended).toEqual({ code: 1, signal: null })
        expect(output()).toContain(message)
        expect(output()).not.toMatch(/^\s+at /m)
      }
    } finally {
      server.close()
    }
  })
})
