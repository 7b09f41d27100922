import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { ConfigError, type Environment, loadRelayKey, readConfig } from './config.ts'

const project = '/project'
const folders: string[] = []
const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'ggen-relay-'))
  folders.push(folder)
  return folder
}

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
})

describe('readConfig', () => {
  it('listens on loopback by default and treats empty variables as unset', () => {
    const expected = {
      host: '127.0.0.1',
      port: 8080,
      relayPort: 9001,
      announce: [],
      seed: undefined,
      dataFolder: '/project/.data',
      pageFolder: '/project/dist',
      collector: undefined,
      metrics: 'local',
    }
    expect(readConfig({}, project)).toEqual(expected)
    expect(readConfig({ PORT: '', RELAY_KEY: ' ', HOST: '' }, project)).toEqual(expected)
  })

  it('reads every variable', () => {
    const config = readConfig(
      {
        HOST: '0.0.0.0',
        PORT: '0',
        RELAY_PORT: '0',
        RELAY_ANNOUNCE: '/dns4/relay.example.org/tcp/443/tls/ws, /ip4/192.0.2.1/tcp/80/ws',
        RELAY_KEY: 'ab'.repeat(32),
        RELAY_DATA: 'elsewhere',
        PAGE_FOLDER: '/srv/page',
        METRICS: 'on',
        OTLP_ENDPOINT: 'https://collector.example.org:4318/tenant/',
        OTLP_HEADERS: 'Authorization=Basic%20abc%3D, x-tenant = a=b ,',
      },
      project,
    )
    expect(config).toEqual({
      host: '0.0.0.0',
      port: 0,
      relayPort: 0,
      announce: ['/dns4/relay.example.org/tcp/443/tls/ws', '/ip4/192.0.2.1/tcp/80/ws'],
      seed: new Uint8Array(32).fill(0xab),
      dataFolder: '/project/elsewhere',
      pageFolder: '/srv/page',
      metrics: 'on',
      collector: {
        endpoint: 'https://collector.example.org:4318/tenant',
        headers: { authorization: 'Basic abc=', 'x-tenant': 'a=b' },
      },
    })
  })

  it.each([
    [{ PORT: '80a' }, 'PORT must be a port from 0 to 65535, where 0 picks a free one; it is “80a”.'],
    [{ PORT: '65536' }, 'PORT must be a port'],
    [{ PORT: '-1' }, 'PORT must be a port'],
    [{ PORT: '8080.5' }, 'PORT must be a port'],
    [{ RELAY_PORT: '1e3' }, 'RELAY_PORT must be a port'],
    [{ PORT: '9001' }, 'PORT and RELAY_PORT must differ; both are 9001.'],
    [{ HOST: 'example.org' }, 'HOST must be an IP address'],
    [{ RELAY_ANNOUNCE: 'relay.example.org' }, 'RELAY_ANNOUNCE must be comma-separated WebSocket multiaddrs'],
    [{ RELAY_ANNOUNCE: '/ip4/192.0.2.1/tcp/80' }, 'RELAY_ANNOUNCE must be comma-separated WebSocket multiaddrs'],
    [{ RELAY_KEY: 'ab' }, 'RELAY_KEY must be 64 hexadecimal digits (the seed of an Ed25519 key); it has 2 characters.'],
    [{ METRICS: 'yes' }, 'METRICS must be on, off or local; it is “yes”.'],
    ...[
      'collector',
      '127.0.0.1:4318',
      'ftp://a',
      'http://',
      'http://user:secret@a',
      'http://a?secret',
      'http://a#secret',
      `http://a/${'secret'.repeat(400)}`,
    ].map((OTLP_ENDPOINT): [Environment, string] => [{ OTLP_ENDPOINT }, 'OTLP_ENDPOINT must be the http or https']),
    ...['secret', '=secret', 'a b=secret', 'a=%zz', 'a=%0d%0asecret', 'a=ü', 'host=secret', 'Content-Length=1'].map(
      (OTLP_HEADERS): [Environment, string] => [{ OTLP_ENDPOINT: 'http://a', OTLP_HEADERS }, 'OTLP_HEADERS must be'],
    ),
    [{ OTLP_HEADERS: 'a=secret' }, 'OTLP_HEADERS needs OTLP_ENDPOINT.'],
  ] as [Environment, string][])('%o fails with the variable and its rule', (environment, message) => {
    expect(() => readConfig(environment, project)).toThrow(message)
    expect(() => readConfig(environment, project)).toThrow(ConfigError)
    expect(() => readConfig(environment, project)).not.toThrow(/secret/)
  })

  it('names all invalid variables at once and never shows a key', () => {
    const read = () => readConfig({ PORT: 'x', HOST: 'y', RELAY_KEY: 'secret' }, project)
    expect(read).toThrow(/HOST.*\n?.*/)
    expect(read).toThrow(/PORT/)
    expect(read).toThrow(/RELAY_KEY/)
    expect(read).not.toThrow(/secret/)
  })
})

describe('loadRelayKey', () => {
  it('creates a key file at the first start, readable by its owner only, and reuses it', async () => {
    const folder = join(await newFolder(), 'data')
    const config = readConfig({ RELAY_DATA: folder }, project)
    const first = await loadRelayKey(config)
    const again = await loadRelayKey(config)
    expect(first.raw).toEqual(again.raw)
    const file = join(folder, 'relay.key')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/)
  })

  it('returns the same key to two concurrent starts', async () => {
    const config = readConfig({ RELAY_DATA: await newFolder() }, project)
    const [one, other] = await Promise.all([loadRelayKey(config), loadRelayKey(config)])
    expect(one.raw).toEqual(other.raw)
  })

  it('never replaces a damaged key file', async () => {
    const folder = await newFolder()
    await writeFile(join(folder, 'relay.key'), 'damaged')
    await expect(loadRelayKey(readConfig({ RELAY_DATA: folder }, project))).rejects.toThrow(/RELAY_DATA.*damaged/)
    expect(await readFile(join(folder, 'relay.key'), 'utf8')).toBe('damaged')
  })

  it('writes no key file when RELAY_KEY is set', async () => {
    const folder = join(await newFolder(), 'none')
    await loadRelayKey(readConfig({ RELAY_KEY: '01'.repeat(32), RELAY_DATA: folder }, project))
    await expect(stat(folder)).rejects.toThrow('ENOENT')
  })
})
