import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdmission, type Permit } from './admission.ts'
import { type Answer, json, refusal, send } from './answer.ts'
import { createAssets } from './assets.ts'
import type { Forwarding } from './otlp/forward.ts'

/** Time from the connection or the previous response to the end of the request's headers, and of the request (ms). */
const serverOptions = { headersTimeout: 10_000, requestTimeout: 15_000, connectionsCheckingInterval: 2_000 }

/** Status of a request whose sender disconnected before the response, in figures only. */
const abandoned = 499

/** Time without reading or writing before a connection is closed (ms): a browser that wants the response reads it. */
const idleTimeoutMs = 30_000

/** Open connections, at six per browser: a classroom behind one address; in total, all tabs of a relay at once. */
const openLimits = { perAddress: 512, total: 4_096 }

/** Open connections without a first request. */
const unfinishedLimits = { perAddress: 512, total: 1_024 }

export interface PageServerOptions {
  /** The built page. */
  folder: string
  host: string
  /** 0 picks a free one. */
  port: number
  /** Multiaddrs, with peer ids, of the relays for a page opened at this host (`name:port`). */
  relaysFor(host: string | undefined): string[]
  /** Health of the relay, which `/healthz` shows beside `ok`; undefined while the relay is down. */
  health(): object | undefined | Promise<object | undefined>
  /** Forwards the page's telemetry; undefined without a collector. */
  otlp?: Forwarding | undefined
  /** Answers `/metrics`; undefined for a server without metrics. */
  metrics?: ((request: IncomingMessage) => Promise<Answer>) | undefined
  /** Called when a request has been read; the function it returns, when its response has ended. */
  onRequest?(method: string, path: RequestPath): (status: number) => void
  /** Called for failures that the server survives. */
  onError?(error: Error): void
}

export interface PageServer {
  /** Origin without a path, such as `http://127.0.0.1:8080`. */
  address: string
  port: number
  stop(): Promise<void>
}

/**
 * Serves the built page: its files, `index.html` for every route of the page, `/relays.json`, `/healthz` and `/metrics`;
 * and forwards what is posted to `/otlp/v1/traces` and `/otlp/v1/metrics`. It serves only files that were in the folder at start, so no path can escape from it.
 * @throws Error saying what to do when the page is not built or the port is taken.
 */
export const startPageServer = async (options: PageServerOptions): Promise<PageServer> => {
  const { host, port, relaysFor, health, onError } = options
  const assets = createAssets(options.folder)

  /** Telemetry of the page, which is posted, is the only thing that this server accepts. */
  const answerTelemetry = async (path: string, request: IncomingMessage): Promise<Answer> =>
    options.otlp === undefined ? refusal(404) : options.otlp.answer(request, path)

  /** Returns undefined once a file is being sent. */
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> => {
    const path = readPath(request.url ?? '/')
    if (path?.startsWith('/otlp/') === true) return answerTelemetry(path, request)
    if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405, { Allow: 'GET, HEAD' })
    if (path === undefined) return refusal(400)
    if (path === '/metrics') return options.metrics?.(request) ?? refusal(404)
    if (path === '/healthz') return healthAnswer(await health())
    if (path === '/relays.json') return json({ relays: relaysFor(request.headers.host) })
    if (assets.serve(path === '/' ? '/index.html' : path, request, response)) return undefined
    // Only navigation gets the page; a script that requests a missing file gets a 404.
    const isRoute = !path.startsWith('/assets/') && (request.headers.accept ?? '').includes('text/html')
    return isRoute && assets.serve('/index.html', request, response) ? undefined : refusal(404)
  }

  const [open, unfinished] = [createAdmission(openLimits), createAdmission(unfinishedLimits)]
  const permits = new WeakMap<object, Permit>()
  const server = createServer(serverOptions, (request, response) => {
    // Without a listener, a browser that disconnects would end the process.
    request.on('error', () => {})
    response.on('error', () => {})
    response.setHeaders(securityHeaders)
    const done = options.onRequest?.(request.method ?? '', requestPath(request.url ?? '/'))
    // Until the headers are sent, the status is 200 whatever becomes of the request.
    if (done !== undefined) response.once('close', () => done(response.headersSent ? response.statusCode : abandoned))
    answer(request, response)
      .catch(() => refusal(500))
      .then((reply) => reply === undefined || send(reply, request, response))
      // The browser disconnected during the response.
      .catch(() => response.destroy())
  })

  server.setTimeout(idleTimeoutMs)
  server.on('connection', (socket) => {
    socket.on('error', () => socket.destroy())
    const end = (): void => void socket.destroy()
    const address = socket.remoteAddress ?? ''
    const permit = unfinished.admit(address, end)
    socket.once('close', permit.release)
    // Slow readers and clients that send many requests must not lock others out.
    socket.once('close', open.admit(address, end).release)
    permits.set(socket, permit)
  })
  server.on('request', ({ socket }) => permits.get(socket)?.release())
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
      // Browsers keep idle connections open.
      server.closeAllConnections()
      await closed
    },
  }
}

/**
 * Sent with every response, scripts included, because a worker takes its policy from its own script.
 *
 * Any WebSocket is allowed because a person may configure any relay, but no other foreign connection. Inline styles are
 * allowed because dialogs lock scrolling with a style element. Images in a README must come from the package.
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

const healthAnswer = (relay: object | undefined): Answer =>
  relay === undefined ? json({ ok: false, relay: 'down' }, 503) : json({ ok: true, ...relay })

/** What a request asks for: a few values that label metrics. */
export type RequestPath = 'page' | 'healthz' | 'relays' | 'metrics' | 'otlp'

const requestPath = (url: string): RequestPath => {
  const [, first = ''] = url.split(/[/?#]/, 2)
  if (first === 'otlp') return 'otlp'
  if (first === 'healthz' || first === 'metrics') return first
  return first === 'relays.json' ? 'relays' : 'page'
}

/** Decodes a path; undefined for malformed escapes, dot segments, backslashes and control characters. */
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

/** A host that a browser on this machine can open. */
const reachable = (host: string): string => {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

const whyNotListening = ({ code, message }: NodeJS.ErrnoException, host: string, port: number): string => {
  if (code === 'EADDRINUSE')
    return `PORT: the port ${port} of ${host} is taken. Stop the program that uses it, or choose another port (0 picks a free one).`
  if (code === 'EACCES') return `PORT: the port ${port} requires privileges. Choose one from 1024 up.`
  if (code === 'EADDRNOTAVAIL') return `HOST: this machine has no address ${host}.`
  return `The page server did not start: ${message}`
}
