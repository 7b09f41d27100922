import { createHostileNetwork } from './hostile-peers.ts'
const network = createHostileNetwork()
const hostile = await network.startHostile()
console.log('ADDR ' + hostile.address)
process.on('message', async ({ peer, protocol, kind }: any) => {
  try {
  const stream = await hostile.open(peer, protocol)
  stream.addEventListener('message', () => {})
  stream.addEventListener('close', (e: any) => process.send!({ closed: e.error?.message ?? 'clean' }))
  let sent = 0
  const end = Date.now() + 15000
  for (let at = 0; sent < 10_000_000 && stream.status === 'open' && Date.now() < end; at++) {
    const chunk = kind === 'huge' ? (at === 0 ? Uint8Array.of(0x80, 0xad, 0xe2, 0x04, ...new Uint8Array(100)) : new Uint8Array(60000).fill(0x61)) : kind === 'ff' ? new Uint8Array(60000).fill(255) : kind==='tiny' ? new Uint8Array(60000).fill(1) : crypto.getRandomValues(new Uint8Array(60000))
    const ok = stream.send(chunk); sent += chunk.length
    if (!ok) { const r = await stream.onDrain({ signal: AbortSignal.timeout(1000) }).then(() => true, (e) => String(e)); if (r !== true) { process.send!({ stuck: sent, r }); break } }
    await new Promise((r) => setImmediate(r))
  }
  process.send!({ sent, status: stream.status, mem: process.memoryUsage().arrayBuffers })
  } catch (e) { process.send!({ err: String(e) }) }
})
