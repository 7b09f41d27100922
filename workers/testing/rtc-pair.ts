import { type Remote, releaseProxy, transfer, wrap } from 'comlink'
import { createRtcHost, type RtcHost, type RtcHostOptions } from '../../src/engine/rtc-host.ts'
import type { RtcPeer } from './rtc-peer.worker.ts'

/** A worker with the shim, and the page's host for it. */
export interface TestPeer {
  peer: Remote<RtcPeer>
  host: RtcHost
  worker: Worker
  stop(): void
}

export const startPeer = async (path: 'transfer' | 'message', options: RtcHostOptions = {}): Promise<TestPeer> => {
  const worker = new Worker(new URL('./rtc-peer.worker.ts', import.meta.url), { type: 'module' })
  const peer = wrap<RtcPeer>(worker)
  const { port1, port2 } = new MessageChannel()
  const host = createRtcHost(port1, options)
  await peer.install(transfer(port2, [port2]), path === 'transfer')
  return {
    peer,
    host,
    worker,
    stop() {
      host.close()
      peer[releaseProxy]()
      worker.terminate()
    },
  }
}

/** Connects two peers; the first one offers. */
export const connect = async (a: TestPeer, b: TestPeer): Promise<void> => {
  const { port1, port2 } = new MessageChannel()
  await Promise.all([b.peer.connect(transfer(port2, [port2]), false), a.peer.connect(transfer(port1, [port1]), true)])
}
