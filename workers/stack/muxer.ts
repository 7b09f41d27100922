import { yamux as quietYamux } from '../libp2p-internals/yamux.ts'
import { maxInboundStreams, maxStreamWindowBytes } from './limits.ts'

/** Yamux with bounds on what a peer can make this side hold. */
export const yamux = (): ReturnType<typeof quietYamux> =>
  quietYamux({ maxInboundStreams, streamOptions: { maxStreamWindowSize: maxStreamWindowBytes } })
