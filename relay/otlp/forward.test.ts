import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../workers/testing/relay-network.ts'
import { type PageServer, startPageServer } from '../http.ts'
import { startCollector, type TestCollector } from './fixtures/collector.ts'
import { createForwarding, type Forwarding, type ForwardingOptions } from './forward.ts'
import { inProgress, maxAnswerBytes, maxBodyBytes, postsPerAddress } from './limits.ts'

let folder = ''
const stops: (() => unknown)[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ggen-otlp-'))
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>page</title>')
})
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Setup {
  server: PageServer
  outcomes: [outcome: string, bytes: number][]
}

const serve = async (endpoint: string | undefined, more: Partial<ForwardingOptions> = {}): Promise<Setup> => {
  const outcomes: Setup['outcomes'] = []
  let otlp: Forwarding | undefined
  if (endpoint !== undefined) {
    otlp = createForwarding({
      collector: { endpoint, headers: { 'x-key': 'of the relay' } },
      now: () => performance.now(),
      onPost: (_signal, outcome, bytes) => void outcomes.push([outcome, bytes]),
      ...more,
    })
    stops.push(otlp.stop)
  }
  const server = await startPageServer({
    folder,
    host: '127.0.0.1',
    port: 0,
    relaysFor: () => [],
    health: () => ({}),
    otlp,
  })
  stops.push(server.stop)
  return { server, outcomes }
}

const collecting = async (): Promise<TestCollector> => {
  const collector = await startCollector()
  stops.push(collector.stop)
  return collector
}

interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

const ask = (
  { server }: Setup,
  {
    method = 'POST',
    path = '/otlp/v1/traces',
    headers = {},
    body = Buffer.from('{"resourceSpans":[]}'),
  }: { method?: string; path?: string; headers?: Record<string, string | undefined>; body?: Buffer | undefined } = {},
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const all: Record<string, string | undefined> = {
      Origin: server.address,
      'Content-Type': 'application/json',
      ...headers,
    }
    const defined = Object.fromEntries(Object.entries(all).filter((pair): pair is [string, string] => !!pair[1]))
    const sent = request(
      { host: '127.0.0.1', port: server.port, path, method, headers: defined, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(method === 'POST' ? body : undefined)
  })

describe('forwarding to a collector', () => {
  it.each([
    ['/otlp/v1/traces', '/v1/traces', 'application/json'],
    ['/otlp/v1/metrics', '/v1/metrics', 'application/json; charset=utf-8'],
    ['/otlp/v1/traces', '/v1/traces', 'application/x-protobuf'],
  ])('passes on what is posted to %s', async (path, to, type) => {
    const collector = await collecting()
    collector.answer((_request, response) =>
      response
        .writeHead(200, { 'Content-Type': 'application/json', 'Set-Cookie': 'a=b', Server: 'secret', 'X-More': 'y' })
        .end('{"partialSuccess":{}}'),
    )
    const setup = await serve(`${collector.endpoint}`)
    const body = Buffer.from([0, 255, 1, 2])
    const reply = await ask(setup, { path, body, headers: { 'Content-Type': type } })
    expect([reply.status, reply.body.toString()]).toEqual([200, '{"partialSuccess":{}}'])
    expect(reply.headers['content-type']).toBe('application/json')
    for (const name of ['set-cookie', 'server', 'x-more']) expect(reply.headers[name]).toBeUndefined()
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    expect(collector.received.map(({ method, path }) => [method, path])).toEqual([['POST', to]])
    expect(collector.received[0]?.body).toEqual(body)
    expect(collector.received[0]?.headers['content-type']).toBe(type.split(';')[0])
    expect(setup.outcomes).toEqual([['forwarded', 4]])
  })

  it('passes on no header of the tab, and adds those of the operator', async () => {
    const collector = await collecting()
    const setup = await serve(collector.endpoint)
    await ask(setup, {
      headers: {
        Cookie: 'session=1',
        Authorization: 'Bearer of the tab',
        'X-Forwarded-For': '192.0.2.7',
        'X-Key': 'of the tab',
        Referer: 'http://127.0.0.1/secret',
        TE: 'trailers',
      },
    })
    const { host, ...headers } = collector.received[0]?.headers ?? {}
    expect(collector.endpoint).toContain(host)
    expect(headers).toEqual({
      accept: 'application/json',
      'user-agent': 'ggen-relay',
      'x-key': 'of the relay',
      'content-type': 'application/json',
      'content-length': '20',
      connection: 'keep-alive',
    })
  })

  it('keeps the base path of the endpoint', async () => {
    const collector = await collecting()
    await ask(await serve(`${collector.endpoint}/tenant/a`))
    expect(collector.received[0]?.path).toBe('/tenant/a/v1/traces')
  })

  it('is absent without a collector, for every method and for navigation', async () => {
    const setup = await serve(undefined)
    for (const method of ['POST', 'GET', 'HEAD', 'PUT', 'OPTIONS'])
      expect([method, (await ask(setup, { method })).status]).toEqual([method, 404])
    expect((await ask(setup, { method: 'GET', headers: { Accept: 'text/html' } })).status).toBe(404)
  })

  it('accepts POST only, at two paths only', async () => {
    const collector = await collecting()
    const setup = await serve(collector.endpoint)
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await ask(setup, { method, path: '/otlp/v1/metrics' })
      expect([method, status, headers.allow]).toEqual([method, 405, 'POST'])
    }
    for (const path of [
      '/otlp/',
      '/otlp/v1/logs',
      '/otlp/v1/traces/',
      '/otlp/v1/traces/../metrics',
      '/otlp//v1/traces',
    ])
      expect([400, 404, 405]).toContain((await ask(setup, { path })).status)
    expect(collector.received).toEqual([])
  })

  it.each([
    ['another origin', { Origin: 'https://example.org' }],
    ['an opaque origin', { Origin: 'null' }],
    ['another port of this machine', { Origin: 'http://127.0.0.1:1' }],
    ['no origin at all', { Origin: undefined }],
    ['another site, as the browser says', { 'Sec-Fetch-Site': 'cross-site' }],
    ['another origin of this site', { 'Sec-Fetch-Site': 'same-site' }],
    ['the address bar', { 'Sec-Fetch-Site': 'none' }],
  ])('refuses posts from %s', async (_what, headers) => {
    const collector = await collecting()
    const setup = await serve(collector.endpoint)
    expect((await ask(setup, { headers })).status).toBe(403)
    expect(collector.received).toEqual([])
    expect(setup.outcomes).toEqual([['refused_403', 0]])
  })

  it('accepts a post of the page behind a proxy that changes the host', async () => {
    const collector = await collecting()
    const headers = { Origin: 'https://market.example.org', 'Sec-Fetch-Site': 'same-origin', Host: '127.0.0.1:8080' }
    expect((await ask(await serve(collector.endpoint), { headers })).status).toBe(200)
  })

  it.each([
    ['no type', { 'Content-Type': undefined }],
    ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['plain text', { 'Content-Type': 'text/plain' }],
    ['compressed', { 'Content-Encoding': 'gzip' }],
  ])('refuses a body with %s', async (_what, headers) => {
    const collector = await collecting()
    const setup = await serve(collector.endpoint)
    expect((await ask(setup, { headers, body: gzipSync('{}') })).status).toBe(415)
    expect(collector.received).toEqual([])
  })
})

describe('a body', () => {
  it('may have 1 MiB', async () => {
    const collector = await collecting()
    const { status } = await ask(await serve(collector.endpoint), { body: Buffer.alloc(maxBodyBytes) })
    expect([status, collector.received[0]?.body.length]).toEqual([200, maxBodyBytes])
  })

  it.each([
    ['declares more, though it sends nothing', { 'Content-Length': String(maxBodyBytes + 1) }, 0],
    ['declares 10 GB', { 'Content-Length': '10000000000' }, 0],
    ['is longer in chunks', { 'Transfer-Encoding': 'chunked' }, maxBodyBytes + 1],
    ['is much longer in chunks', { 'Transfer-Encoding': 'chunked' }, 4 * maxBodyBytes],
  ])('is refused when it %s', async (_what, headers, length) => {
    const collector = await collecting()
    const setup = await serve(collector.endpoint)
    const { host, port } = { host: '127.0.0.1', port: setup.server.port }
    const sent = request({
      host,
      port,
      path: '/otlp/v1/traces',
      method: 'POST',
      agent: false,
      headers: { Origin: setup.server.address, 'Content-Type': 'application/json', ...headers },
    })
    sent.on('error', () => {})
    sent.flushHeaders()
    if (length > 0) sent.end(Buffer.alloc(length))
    const [response] = await once(sent, 'response')
    expect(response.statusCode).toBe(413)
    sent.destroy()
    expect(collector.received).toEqual([])
    expect((await ask(setup)).status).toBe(200)
  })

  it('is read to an end only up to a limit after its refusal', async () => {
    const setup = await serve((await collecting()).endpoint)
    const socket = connect({ host: '127.0.0.1', port: setup.server.port })
    socket.on('error', () => {})
    socket.write(
      `POST /otlp/v1/traces HTTP/1.1\r\nHost: a\r\nOrigin: ${setup.server.address}\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n`,
    )
    const closed = new Promise((resolve) => socket.once('close', resolve))
    const chunk = Buffer.alloc(65_536)
    const pour = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on('drain', pour)
    pour()
    await closed
    expect(socket.bytesWritten).toBeLessThan(500_000_000)
  })

  it('that stops in the middle ends with its connection and leaves no permit', async () => {
    const collector = await collecting()
    const setup = await serve(collector.endpoint)
    for (let count = 0; count < 2 * inProgress.perAddress; count += 1) {
      const socket = connect({ host: '127.0.0.1', port: setup.server.port })
      socket.on('error', () => {})
      await once(socket, 'connect')
      socket.write(
        `POST /otlp/v1/traces HTTP/1.1\r\nHost: 127.0.0.1:${setup.server.port}\r\nOrigin: ${setup.server.address}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
      )
      socket.destroySoon()
    }
    await until('all have ended', () => setup.outcomes.length === 2 * inProgress.perAddress)
    expect((await ask(setup)).status).toBe(200)
  })
})

describe('a collector that', () => {
  it('is absent leads to 502', async () => {
    const collector = await startCollector()
    await collector.stop()
    const setup = await serve(collector.endpoint)
    expect((await ask(setup)).status).toBe(502)
    expect(setup.outcomes).toEqual([['refused_502', 0]])
  })

  it('never answers leads to 504', async () => {
    const collector = await collecting()
    collector.answer(() => {})
    expect((await ask(await serve(collector.endpoint, { timeoutMs: 100 }))).status).toBe(504)
  })

  it('never ends its answer still leads to its status', async () => {
    const collector = await collecting()
    collector.answer((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).write('{')
    })
    const reply = await ask(await serve(collector.endpoint, { timeoutMs: 100 }))
    expect([reply.status, reply.body.length]).toEqual([200, 0])
  })

  it.each([400, 401, 429, 500, 503])('answers %i passes that on', async (status) => {
    const collector = await collecting()
    collector.answer((_request, response) =>
      response
        .writeHead(status, { 'Content-Type': 'text/html', 'WWW-Authenticate': 'Basic', Location: 'http://a' })
        .end('<script>alert(1)</script>'),
    )
    const reply = await ask(await serve(collector.endpoint))
    expect([reply.status, reply.body.length]).toEqual([status, 0])
    for (const name of ['www-authenticate', 'location', 'content-type']) expect(reply.headers[name]).toBeUndefined()
  })

  it('redirects is not followed', async () => {
    const collector = await collecting()
    const other = await collecting()
    collector.answer((_request, response) => response.writeHead(307, { Location: other.endpoint }).end())
    expect((await ask(await serve(collector.endpoint))).status).toBe(502)
    expect(other.received).toEqual([])
  })

  it('answers 10 MB is not read to the end', async () => {
    const collector = await collecting()
    let answering: ServerResponse | undefined
    collector.answer((_request, response) => {
      answering = response
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.end(Buffer.alloc(10_000_000, ' '))
    })
    const reply = await ask(await serve(collector.endpoint))
    expect([reply.status, reply.body.length]).toEqual([200, 0])
    await until('its connection is closed', () => answering?.destroyed === true)
    expect(answering?.writableFinished).toBe(false)
  })

  it('answers 64 KiB is passed on whole', async () => {
    const collector = await collecting()
    collector.answer((_request, response) =>
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(Buffer.alloc(maxAnswerBytes, ' ')),
    )
    expect((await ask(await serve(collector.endpoint))).body.length).toBe(maxAnswerBytes)
  })

  it.each([
    ['HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
    ['SSH-2.0-x\r\n'],
    [''],
  ])('breaks HTTP leads to 502: %j', async (bytes) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(bytes))
    }).listen(0, '127.0.0.1')
    stops.push(() => server.close())
    await once(server, 'listening')
    const setup = await serve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect((await ask(setup)).status).toBe(502)
    expect((await fetch(`${setup.server.address}/healthz`)).status).toBe(200)
  })

  it('closed its idle connections is asked over a new one', async () => {
    const server = createServer({ keepAliveTimeout: 1 }, (request, response) => {
      request.resume()
      response.end()
      // Closes at the moment when the relay believes the connection to be free.
      response.once('finish', () => setImmediate(() => request.socket.destroy()))
    }).listen(0, '127.0.0.1')
    stops.push(() => server.close())
    await once(server, 'listening')
    const setup = await serve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    for (let count = 0; count < 30; count += 1) expect((await ask(setup)).status).toBe(200)
  })
})

describe('many posts', () => {
  it('above the rate limit of an address are refused with 429 until the limit allows more', async () => {
    const collector = await collecting()
    let time = 0
    const setup = await serve(collector.endpoint, { now: () => time })
    const statuses: number[] = []
    for (let count = 0; count < postsPerAddress.burst + 10; count += 1) statuses.push((await ask(setup)).status)
    expect(statuses.filter((status) => status === 200).length).toBe(postsPerAddress.burst)
    expect(new Set(statuses.slice(postsPerAddress.burst))).toEqual(new Set([429]))
    expect((await ask(setup)).headers['retry-after']).toBe('1')
    time += 1_000
    expect((await ask(setup)).status).toBe(200)
  })

  it('above the byte limit of an address are refused with 429', async () => {
    const collector = await collecting()
    const setup = await serve(collector.endpoint, { now: () => 0 })
    const statuses: number[] = []
    for (let count = 0; count < 34; count += 1)
      statuses.push((await ask(setup, { body: Buffer.alloc(maxBodyBytes) })).status)
    expect(statuses.slice(0, 32)).toEqual(Array.from({ length: 32 }, () => 200))
    expect(statuses.at(-1)).toBe(429)
  })

  it('at a slow collector wait in a bounded number, and the page is served on', async () => {
    const collector = await collecting()
    const waiting: ServerResponse[] = []
    collector.answer((_request, response) => void waiting.push(response))
    const setup = await serve(collector.endpoint)
    const posts = Array.from({ length: inProgress.perAddress + 20 }, () => ask(setup))
    await until('the oldest have given way', () => setup.outcomes.length === 20)
    expect(new Set(setup.outcomes.map(([outcome]) => outcome))).toEqual(new Set(['refused_503']))
    expect((await fetch(setup.server.address)).status).toBe(200)
    await until('the others wait', () => waiting.filter(({ destroyed }) => !destroyed).length === inProgress.perAddress)
    for (const response of waiting) response.end()
    const statuses = (await Promise.all(posts)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200).length).toBe(inProgress.perAddress)
  })

  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void

  it('leave no memory behind: 1,000 of 100 KB', async () => {
    const collector = await collecting()
    const setup = await serve(collector.endpoint, { now: () => performance.now() * 1_000 })
    const body = Buffer.alloc(100_000)
    const held = (): number => {
      collector.received.length = 0
      collect()
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      return heapUsed + arrayBuffers
    }
    const post = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += 10)
        for (const { status } of await Promise.all(Array.from({ length: 10 }, () => ask(setup, { body }))))
          expect(status).toBe(200)
      collector.received.length = 0
    }
    await post(100)
    const before = held()
    await post(1_000)
    // 100 MB were posted.
    await until('it is free again', () => held() - before < 5_000_000)
  })
})
