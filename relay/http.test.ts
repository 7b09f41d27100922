import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compressFolder } from '../scripts/compress.ts'
import { until } from '../workers/testing/relay-network.ts'
import { type PageServer, startPageServer } from './http.ts'

const script = `export const text = '${'words '.repeat(1_000)}'\n`
const files: Record<string, string> = {
  'index.html': '<!doctype html><title>page</title>',
  'favicon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  'manifest.webmanifest': '{}',
  'assets/app-Ab12_-Cd.js': script,
  'assets/app-Ab12_-Cd.css': 'body { color: black }',
  'assets/plain.js': 'export {}',
  'assets/font-12345678.woff2': 'x'.repeat(5_000),
  'assets/code-12345678.wasm': 'wasm',
  'assets/thing.unknown': '?',
  'assets/a@b+c,d&e=f$g;h:i.js': 'export {}',
  'assets/changing.txt': 'as it was',
  'assets/large-12345678.bin': 'x'.repeat(16 * 1024 * 1024),
}

let folder = ''
const changing = (): string => join(folder, 'dist/assets/changing.txt')
let server: PageServer
let relayHealth: object | undefined = { peers: 3 }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ggen-page-'))
  const page = join(folder, 'dist')
  await mkdir(join(page, 'assets'), { recursive: true })
  for (const [name, content] of Object.entries(files)) await writeFile(join(page, name), content)
  await compressFolder(page)
  await writeFile(join(folder, 'secret.txt'), 'secret')
  server = await startPageServer({
    folder: page,
    host: '127.0.0.1',
    port: 0,
    relaysFor: (host) => [`/for/${host}`],
    health: () => relayHealth,
  })
})

afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** Sends the path unchanged, where `fetch` would normalize it. */
const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: server.port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    sent.on('error', reject)
    sent.end()
  })

describe('page server', () => {
  it.each([
    ['/', 'text/html; charset=utf-8', 'no-cache'],
    ['/index.html', 'text/html; charset=utf-8', 'no-cache'],
    ['/favicon.svg', 'image/svg+xml; charset=utf-8', 'no-cache'],
    ['/manifest.webmanifest', 'application/manifest+json; charset=utf-8', 'no-cache'],
    ['/assets/app-Ab12_-Cd.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
    ['/assets/app-Ab12_-Cd.css', 'text/css; charset=utf-8', 'public, max-age=31536000, immutable'],
    ['/assets/plain.js', 'text/javascript; charset=utf-8', 'no-cache'],
    ['/assets/font-12345678.woff2', 'font/woff2', 'public, max-age=31536000, immutable'],
    ['/assets/code-12345678.wasm', 'application/wasm', 'public, max-age=31536000, immutable'],
    ['/assets/thing.unknown', 'application/octet-stream', 'no-cache'],
    ['/assets/a@b+c,d&e=f$g;h:i.js', 'text/javascript; charset=utf-8', 'no-cache'],
    ['/index.html?x=1', 'text/html; charset=utf-8', 'no-cache'],
  ])('serves %s as %s with Cache-Control: %s', async (path, type, cache) => {
    const { status, headers, body } = await get(path)
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([200, type, cache])
    expect(body.length).toBe(Number(headers['content-length']))
  })

  it.each(['/', '/assets/app-Ab12_-Cd.js', '/healthz', '/relays.json', '/missing.js', '/%zz'])(
    'sends the security headers with %s',
    async (path) => {
      const { headers } = await get(path)
      expect(headers['content-security-policy']).toContain("default-src 'none'")
      expect(headers['content-security-policy']).toContain("connect-src 'self' ws: wss:")
      expect(headers['content-security-policy']).not.toContain("script-src 'self' 'unsafe-inline'")
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      })
    },
  )

  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/index.html%00.js',
    '/%zz',
    '//etc/passwd',
    'secret.txt',
  ])('refuses %s', async (path) => {
    const { status, body } = await get(path)
    expect([400, 404]).toContain(status)
    expect(body.toString()).not.toContain('secret')
  })

  it('serves the page for navigation to any route, dots included, and for nothing else', async () => {
    const navigation = { Accept: 'text/html,application/xhtml+xml' }
    for (const route of ['/publish', '/package/abc/io.ggen.rust', '/library?x=y', '/%F0%9F%A6%80']) {
      const { status, body } = await get(route, navigation)
      expect([route, status, body.toString()]).toEqual([route, 200, files['index.html']])
    }
    expect((await get('/publish', { Accept: '*/*' })).status).toBe(404)
    expect((await get('/assets/old-12345678.js', navigation)).status).toBe(404)
  })

  it('has no file at a path with a slash at its end, and none for an encoding of a file', async () => {
    for (const path of [
      '/index.html/',
      '/assets/app-Ab12_-Cd.js/',
      '/assets/app-Ab12_-Cd.js.br',
      '/assets/app-Ab12_-Cd.js.gz',
    ])
      expect([path, (await get(path)).status]).toEqual([path, 404])
    const { headers } = await get('/index.html/', { Accept: 'text/html' })
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
  })

  it('answers HEAD with the same headers and no body, and refuses other methods', async () => {
    const whole = await get('/assets/app-Ab12_-Cd.js')
    const head = await get('/assets/app-Ab12_-Cd.js', {}, 'HEAD')
    expect(head.body.length).toBe(0)
    expect({ ...head.headers, date: '' }).toEqual({ ...whole.headers, date: '' })
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await get('/', {}, method)
      expect([status, headers.allow]).toEqual([405, 'GET, HEAD'])
    }
  })

  it('serves the best encoding that the browser accepts, and small or packed files as they are', async () => {
    const path = '/assets/app-Ab12_-Cd.js'
    const br = await get(path, { 'Accept-Encoding': 'gzip, deflate, br' })
    expect([br.headers['content-encoding'], brotliDecompressSync(br.body).toString()]).toEqual(['br', script])
    const gz = await get(path, { 'Accept-Encoding': 'gzip, br;q=0' })
    expect([gz.headers['content-encoding'], gunzipSync(gz.body).toString()]).toEqual(['gzip', script])
    const plain = await get(path, { 'Accept-Encoding': 'identity' })
    expect([plain.headers['content-encoding'], plain.body.toString()]).toEqual([undefined, script])
    expect(new Set([br, gz, plain].map(({ headers }) => headers.etag)).size).toBe(3)
    expect(br.headers.vary).toBe('Accept-Encoding')
    expect(br.body.length).toBeLessThan(script.length / 10)
    for (const small of ['/', '/assets/font-12345678.woff2'])
      expect((await get(small, { 'Accept-Encoding': 'br' })).headers['content-encoding']).toBeUndefined()
  })

  it('answers 304 when an ETag matches', async () => {
    const { headers } = await get('/', {})
    const etag = headers.etag ?? ''
    for (const cached of [etag, `"other", ${etag}`, `W/${etag}`]) {
      const { status, body } = await get('/', { 'If-None-Match': cached })
      expect([status, body.length]).toEqual([304, 0])
    }
    expect((await get('/', { 'If-None-Match': '"other"' })).status).toBe(200)
  })

  it('ignores range requests and sends the whole file', async () => {
    for (const range of ['bytes=0-3', 'bytes=-3', 'bytes=3-1', 'bytes=999999-']) {
      const { status, body } = await get('/assets/app-Ab12_-Cd.js', { Range: range })
      expect([range, status, body.toString()]).toEqual([range, 200, script])
    }
  })

  it('closes the file when the browser disconnects during a response', async () => {
    const path = '/assets/large-12345678.bin'
    const isOpen = async (): Promise<boolean> => {
      const files = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''))
      return (await Promise.all(files)).some((file) => file.endsWith(path))
    }
    const sent = request({ host: '127.0.0.1', port: server.port, path, agent: false })
    sent.on('error', () => {})
    sent.end()
    const [response] = await once(sent, 'response')
    await once(response, 'readable')
    expect(await isOpen()).toBe(true)
    response.destroy()
    await expect.poll(isOpen).toBe(false)
  })

  it('aborts the response for a file that has changed or vanished since the start', async () => {
    for (const change of [() => writeFile(changing(), 'longer than it was'), () => rm(changing())]) {
      await change()
      await expect(get('/assets/changing.txt')).rejects.toThrow()
      expect((await get('/')).status).toBe(200)
    }
  })

  it('serves health and relays uncached', async () => {
    const health = await get('/healthz')
    expect(JSON.parse(health.body.toString())).toEqual({ ok: true, peers: 3 })
    expect(health.headers['cache-control']).toBe('no-store')
    const relays = await get('/relays.json', { Host: 'machine.lan:8080' })
    expect(JSON.parse(relays.body.toString())).toEqual({ relays: ['/for/machine.lan:8080'] })
    expect(relays.headers['content-type']).toBe('application/json; charset=utf-8')
  })

  it('bounds the connections of one address, even busy ones', async () => {
    const request = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'
    const sockets: Socket[] = []
    try {
      for (let count = 0; count < 512 + 20; count += 1) {
        const socket = connect({ host: '127.0.0.1', port: server.port })
        sockets.push(socket)
        socket.on('error', () => {})
        // The connections to be evicted are never idle.
        socket.on('data', () => count < 20 && socket.write(request))
        await once(socket, 'connect')
        socket.write(request)
      }
      await until('the oldest are closed', () => sockets.slice(0, 20).every(({ closed }) => closed))
      expect((await get('/')).status).toBe(200)
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  })

  it('fails to start with advice when the page is not built or the port is taken', async () => {
    const options = { host: '127.0.0.1', relaysFor: () => [], health: () => ({}) }
    await expect(startPageServer({ ...options, folder: join(folder, 'none'), port: 0 })).rejects.toThrow(
      'npm run build',
    )
    await expect(startPageServer({ ...options, folder: join(folder, 'dist'), port: server.port })).rejects.toThrow(
      `PORT: the port ${server.port} of 127.0.0.1 is taken.`,
    )
  })

  it('reports a relay that is down and continues to serve the page', async () => {
    relayHealth = undefined
    const { status, body } = await get('/healthz')
    expect([status, JSON.parse(body.toString())]).toEqual([503, { ok: false, relay: 'down' }])
    expect((await get('/')).status).toBe(200)
    relayHealth = { peers: 3 }
  })
})

it('reports a request whose sender disconnects before the response as none that succeeded', async () => {
  const statuses: number[] = []
  const asked = Promise.withResolvers<void>()
  const slow = await startPageServer({
    folder: join(folder, 'dist'),
    host: '127.0.0.1',
    port: 0,
    relaysFor: () => [],
    health: () => {
      asked.resolve()
      return new Promise(() => {})
    },
    onRequest: () => (status) => void statuses.push(status),
  })
  try {
    await fetch(`${slow.address}/relays.json`)
    const sent = request(`${slow.address}/healthz`, { agent: false }).on('error', () => {})
    sent.end()
    await asked.promise
    sent.destroy()
    await until('both are reported', () => statuses.length === 2)
    expect(statuses).toEqual([200, 499])
  } finally {
    await slow.stop()
  }
})
