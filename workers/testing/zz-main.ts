import { fork } from 'node:child_process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createHostileNetwork } from './hostile-peers.ts'
setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')
const held = () => { gc(); const m = process.memoryUsage(); return { ab: Math.round(m.arrayBuffers / 1e4) / 100, heap: Math.round(m.heapUsed / 1e4) / 100 } }
const network = createHostileNetwork()
const engine = await network.startEngine('v')
const protos = (process.argv[2] ?? '').split(',')
for (const protocol of protos) for (const kind of ['noise', 'huge', 'ff', 'tiny']) {
  const child = fork(new URL('./zz-child.ts', import.meta.url), { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  const addr: string = await new Promise((r) => child.stdout!.on('data', (d) => { const m = /ADDR (\S+)/.exec(String(d)); if (m) r(m[1]!) }))
  await engine.network.connect(addr)
  await new Promise((r) => setTimeout(r, 300))
  const before = held(); let peak = 0; const cpu0 = process.cpuUsage()
  const t = setInterval(() => { peak = Math.max(peak, process.memoryUsage().arrayBuffers / 1e6) }, 5)
  let maxLag = 0, last = Date.now(); const lag = setInterval(() => { maxLag = Math.max(maxLag, Date.now() - last - 5); last = Date.now() }, 5)
  const msgs: any[] = []
  const done = new Promise<void>((r) => child.on('message', (m: any) => { msgs.push(m); if (m.sent !== undefined || m.err) r() }))
  const t0 = Date.now()
  child.send({ peer: engine.id, protocol, kind })
  await done
  await new Promise((r) => setTimeout(r, 500))
  const after = held()
  console.log(protocol, kind, Date.now() - t0, 'ms', JSON.stringify({ before, after, peak: Math.round(peak), maxLag, cpu: process.cpuUsage(cpu0).user / 1e3 }), JSON.stringify(msgs), 'conns', engine.network.peers().length)
  clearInterval(t); clearInterval(lag)
  const gone = new Promise((r) => child.once('exit', r)); child.kill('SIGKILL'); await gone
  await new Promise((r) => setTimeout(r, 500))
  console.log('   after kill', JSON.stringify(held()))
}
process.exit(0)
