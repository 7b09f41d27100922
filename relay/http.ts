import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdmission, type Place } from './admission.ts'
import { createAssets } from './assets.ts'

/** From the connection, or the end of the last answer, to the end of a request's headers, and of the request (ms). */
const serverOptions = { headersTimeout: 10_000, requestTimeout: 15_000, connectionsCheckingInterval: 2_000 }

/** Nothing was read or written for this long (ms): a browser that takes an answer reads some of it. */
const idleTimeoutMs = 30_000

/** Open connections, six a browser: from one address those of a class room, in all those of a relay's tabs at once. */
const open = { perAddress: 512, total: 4_096 }

/** Of those, connections that have not sent their first request. */
const unfinished = { perAddress: 512, total: 1_024 }

export interface PageServerOptions {
  /** The built page. */
  folder: string
  host: string
  /** 0 takes any that is free. */
  port: number
  /** Relays for a page that was opened at this host (`name:port`), as multiaddrs with peer ids. */
  relaysFor(host: string | undefined): string[]
  /** What `/healthz` shows beside `ok`; undefined while the relay is down. */
  health(): object | undefined | Promise<object | undefined>
  /** Something failed that the server outlives. */
  onError?(error: Error): void
}

export interface PageServer {
  /** Without a path, `http://127.0.0.1:8080`. */
  address: string
  port: number
  stop(): Promise<void>
}

/**
 * Serves the built page: its files, `index.html` for every route of the page, `/relays.json` and `/healthz`. It serves
 * nothing but the files that stood in the folder when it started, so no path can lead out of it.
 * @throws Error with a sentence when the page is not built or the port is taken.
 */
export const startPageServer = async (options: PageServerOptions): Promise<PageServer> => {
  const { host, port, relaysFor, health, onError } = options
  const assets = createAssets(options.folder)

  /** Undefined when a file is the answer and under way. */
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405, { Allow: 'GET, HEAD' })
    const path = readPath(request.url ?? '/')
    if (path === undefined) return refusal(400)
    if (path === '/healthz') return healthAnswer(await health())
    if (path === '/relays.json') return json({ relays: relaysFor(request.headers.host) })
    if (assets.serve(path === '/' ? '/index.html' : path, request, response)) return undefined
    // A person who opens a link to a route of the page; a script that misses a file is told so.
    const isRoute = !path.startsWith('/assets/') && (request.headers.accept ?? '').includes('text/html')
    return isRoute && assets.serve('/index.html', request, response) ? undefined : refusal(404)
  }

  const [connected, arriving] = [createAdmission(open), createAdmission(unfinished)]
  const places = new WeakMap<object, Place>()
  const server = createServer(serverOptions, (request, response) => {
    // Without a listener the error of a browser that went away would end the process.
    request.on('error', () => {})
    response.on('error', () => {})
    response.setHeaders(securityHeaders)
    answer(request, response)
      .catch(() => refusal(500))
      .then((reply) => reply === undefined || send(reply, request, response))
      // The browser went away while it was answered.
      .catch(() => response.destroy())
  })

  server.setTimeout(idleTimeoutMs)
  server.on('connection', (socket) => {
    socket.on('error', () => socket.destroy())
    const end = (): void => void socket.destroy()
    const address = socket.remoteAddress ?? ''
    const place = arriving.enter(address, end)
    socket.once('close', place.leave)
    // Asking for something, and reading it slowly or asking again and again, is no way to keep others out.
    socket.once('close', connected.enter(address, end).leave)
    places.set(socket, place)
  })
  server.on('request', ({ socket }) => places.get(socket)?.leave())
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    socket.destroy()
  })

  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen(port, host, listening.resolve)
  try {
    await listening.promise
  } catch (error) {
    throw new Error(whyNotListening(error as NodeJS.ErrnoException, host, port))
  }
  server.off('error', listening.reject)
  server.on('error', (error) => onError?.(error))
  const bound = (server.address() as AddressInfo).port

  return {
    address: `http://${reachable(host)}:${bound}`,
    port: bound,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      // Browsers keep connections open that nothing runs over.
      server.closeAllConnections()
      await closed
    },
  }
}

/**
 * On every answer, scripts among them, since a worker has the policy of its own script.
 *
 * Connections go to any relay that a person configures, so any WebSocket is allowed and nothing else outside; styles may
 * be inline because dialogs lock scrolling with a style element; pictures in a README may come from the package only.
 */
const securityHeaders = new Headers({
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "manifest-src 'self'",
    "connect-src 'self' ws: wss:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
})

interface Answer {
  status: number
  headers: OutgoingHttpHeaders
  body: Buffer
}

const refusal = (status: 400 | 404 | 405 | 500, headers: OutgoingHttpHeaders = {}): Answer => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
  body: Buffer.from(`${refusals[status]}\n`),
})

const refusals = {
  400: 'Malformed path.',
  404: 'There is nothing here.',
  405: 'This page can only be read.',
  500: 'Something went wrong here.',
}

const healthAnswer = (relay: object | undefined): Answer =>
  relay === undefined ? json({ ok: false, relay: 'down' }, 503) : json({ ok: true, ...relay })

const json = (value: object, status: 200 | 503 = 200): Answer => ({
  status,
  headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' },
  body: Buffer.from(JSON.stringify(value)),
})

const send = ({ status, headers, body }: Answer, request: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(status, { ...headers, 'Content-Length': body.length })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** The decoded path; undefined for one that no page of ours has: bad escapes, dot segments, backslashes, controls. */
const readPath = (url: string): string | undefined => {
  try {
    const path = decodeURIComponent(url.split(/[?#]/, 1)[0] ?? '')
    const isPlain =
      path.startsWith('/') &&
      !path.includes('\\') &&
      !/\p{Cc}/u.test(path) &&
      path.split('/').every((segment) => segment !== '..' && segment !== '.')
    return isPlain ? path : undefined
  } catch {
    return undefined
  }
}

/** An address that a browser on this machine can open. */
const reachable = (host: string): string => {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

const whyNotListening = ({ code, message }: NodeJS.ErrnoException, host: string, port: number): string => {
  if (code === 'EADDRINUSE')
    return `PORT: the port ${port} of ${host} is taken. Stop what uses it, or choose another (0 takes any).`
  if (code === 'EACCES') return `PORT: the port ${port} needs more rights. Choose one from 1024 up.`
  if (code === 'EADDRNOTAVAIL') return `HOST: this machine has no address ${host}.`
  return `The page server did not start: ${message}`
}
