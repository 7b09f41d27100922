import { yamux as quietYamux } from '../libp2p-internals/yamux.ts'
import { maxInboundStreams, maxStreamWindowBytes } from './limits.ts'

/** Yamux with bounds on the memory that a peer can use. */
export const yamux = (): ReturnType<typeof quietYamux> =>
  quietYamux({ maxInboundStreams, streamOptions: { maxStreamWindowSize: maxStreamWindowBytes } })
