import type { IncomingMessage } from 'node:http'

export type MetricsAccess = 'on' | 'off' | 'local'

/** Headers by which a proxy says for whom it asks. */
const forwardingHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

/**
 * Whether a program on this machine asked, directly: from a loopback address, for a loopback name, without a trace of a
 * proxy. Behind a proxy on this machine every stranger has a loopback address; and a page of another origin, whose name
 * resolves to this machine, sends that name.
 */
export const isLocal = ({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): boolean =>
  isLoopback(socket.remoteAddress ?? '') &&
  /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i.test(headers.host ?? '') &&
  forwardingHeaders.every((name) => headers[name] === undefined)

const isLoopback = (address: string): boolean => address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/i.test(address)
