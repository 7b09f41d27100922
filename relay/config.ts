import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { generateSigningKey } from '../workers/stack/web-crypto.ts'
import type { CollectorAddress } from './otlp/collector.ts'
import { parseEndpoint, parseHeaders } from './otlp/parse-address.ts'
import type { MetricsAccess } from './telemetry/metrics-access.ts'

export interface RelayConfig {
  /** Listening address of page and relay; loopback by default, so that nothing is public by accident. */
  host: string
  /** Port of the page; 0 picks a free one. */
  port: number
  /** Port of the relay's WebSocket; 0 picks a free one. */
  relayPort: number
  /** Public multiaddrs of the relay, if they differ from its listening address. */
  announce: string[]
  /** Seed of the relay's key; undefined to use the key file. */
  seed: Uint8Array | undefined
  dataFolder: string
  /** The built page. */
  pageFolder: string
  /** Where telemetry goes; undefined when it goes nowhere. */
  collector: CollectorAddress | undefined
  /** Who may read `/metrics`: this machine (local), everybody (on) or nobody (off). */
  metrics: MetricsAccess
}

/** Invalid environment variables; the message has one line per variable, with its rule. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export type Environment = Record<string, string | undefined>

const defaults = { host: '127.0.0.1', port: 8080, relayPort: 9001, dataFolder: '.data', pageFolder: 'dist' }

/**
 * Reads the configuration from environment variables: HOST, PORT, RELAY_PORT, RELAY_ANNOUNCE, RELAY_KEY, RELAY_DATA,
 * PAGE_FOLDER, METRICS, OTLP_ENDPOINT, OTLP_HEADERS. DEBUG, which names the rooms that log, is read in start-relay.ts.
 * @throws ConfigError naming every variable that breaks its rule.
 */
export const readConfig = (environment: Environment, projectFolder: string): RelayConfig => {
  const problems: string[] = []
  /** An empty variable counts as unset: that is how shells and compose files omit one. */
  const read = <T>(name: string, rule: string, otherwise: T, parse: (text: string) => T | undefined): T => {
    const text = environment[name]?.trim()
    if (text === undefined || text === '') return otherwise
    const value = parse(text)
    if (value === undefined) problems.push(`${name} must be ${rule}; it is “${shortened(text)}”.`)
    return value ?? otherwise
  }

  const portRule = 'a port from 0 to 65535, where 0 picks a free one'
  const config: RelayConfig = {
    host: read('HOST', 'an IP address to listen on, like 127.0.0.1 or 0.0.0.0', defaults.host, parseHost),
    port: read('PORT', portRule, defaults.port, parsePort),
    relayPort: read('RELAY_PORT', portRule, defaults.relayPort, parsePort),
    announce: read(
      'RELAY_ANNOUNCE',
      'comma-separated WebSocket multiaddrs without a peer id, like /dns4/relay.example.org/tcp/443/tls/ws',
      [],
      parseAnnounce,
    ),
    // Parsed below: the secret must not appear in an error message.
    seed: undefined,
    dataFolder: resolve(
      projectFolder,
      read('RELAY_DATA', 'a folder', defaults.dataFolder, (text) => text),
    ),
    pageFolder: resolve(
      projectFolder,
      read('PAGE_FOLDER', 'a folder', defaults.pageFolder, (text) => text),
    ),
    // Parsed below, for the same reason.
    collector: undefined,
    metrics: read('METRICS', 'on, off or local', 'local', parseMetrics),
  }
  const key = environment['RELAY_KEY']?.trim() ?? ''
  if (key !== '') config.seed = parseSeed(key)
  if (key !== '' && config.seed === undefined)
    problems.push(
      `RELAY_KEY must be 64 hexadecimal digits (the seed of an Ed25519 key); it has ${key.length} characters.`,
    )
  config.collector = readCollector(environment, problems)
  if (config.port !== 0 && config.port === config.relayPort)
    problems.push(`PORT and RELAY_PORT must differ; both are ${config.port}.`)
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return config
}

/** Reads OTLP_ENDPOINT and OTLP_HEADERS. Both may hold credentials, which no message shows. */
const readCollector = (environment: Environment, problems: string[]): CollectorAddress | undefined => {
  const [endpointText, headersText] = [environment['OTLP_ENDPOINT'], environment['OTLP_HEADERS']].map(
    (text) => text?.trim() ?? '',
  )
  const endpoint = parseEndpoint(endpointText ?? '')
  const headers = parseHeaders(headersText ?? '')
  if (endpointText !== '' && endpoint === undefined)
    problems.push(
      'OTLP_ENDPOINT must be the http or https address of a collector without user, query and fragment, like http://127.0.0.1:4318; the paths /v1/traces and /v1/metrics are appended.',
    )
  if (headers === undefined)
    problems.push('OTLP_HEADERS must be comma-separated name=value pairs with percent-encoded values, like x-key=abc.')
  if (headersText !== '' && endpointText === '') problems.push('OTLP_HEADERS needs OTLP_ENDPOINT.')
  return endpoint === undefined || headers === undefined ? undefined : { endpoint, headers }
}

const parseMetrics = (text: string): MetricsAccess | undefined =>
  text === 'on' || text === 'off' || text === 'local' ? text : undefined

/**
 * Loads the relay's key from RELAY_KEY or else from the key file, which the first start creates so that the relay's
 * address stays the same.
 * @throws ConfigError when the key file is damaged or cannot be written.
 */
export const loadRelayKey = async ({ seed, dataFolder }: RelayConfig): Promise<PrivateKey> =>
  generateKeyPairFromSeed('Ed25519', seed ?? (await readKeyFile(join(dataFolder, 'relay.key'), dataFolder)))

const readKeyFile = async (file: string, folder: string): Promise<Uint8Array> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new ConfigError(`RELAY_DATA: the key file ${file} cannot be read (${error.code}).`)
  })
  if (text === undefined) return makeKeyFile(file, folder)
  const seed = parseSeed(text.trim())
  if (seed === undefined)
    throw new ConfigError(`RELAY_DATA: the key file ${file} is damaged. Restore it, or remove it to get a new address.`)
  return seed
}

const makeKeyFile = async (file: string, folder: string): Promise<Uint8Array> => {
  const seed = await generateSigningKey()
  try {
    await mkdir(folder, { recursive: true })
    // Never overwrites a file that another relay has created in the meantime.
    await writeFile(file, `${Buffer.from(seed).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return readKeyFile(file, folder)
    throw new ConfigError(`RELAY_DATA: the key file ${file} cannot be written (${code}). Choose another folder.`)
  }
  return seed
}

const parsePort = (text: string): number | undefined => {
  const port = Number(text)
  return /^\d{1,5}$/.test(text) && port <= 65_535 ? port : undefined
}

const parseHost = (text: string): string | undefined =>
  text === 'localhost' ? '127.0.0.1' : isIP(text) === 0 ? undefined : text

const parseSeed = (text: string): Uint8Array | undefined =>
  /^[0-9a-fA-F]{64}$/.test(text) ? new Uint8Array(Buffer.from(text, 'hex')) : undefined

const parseAnnounce = (text: string): string[] | undefined => {
  const addresses = text.split(',').map((address) => address.trim())
  return addresses.every(isWebSocketAddress) ? addresses : undefined
}

const isWebSocketAddress = (text: string): boolean => {
  try {
    const names = multiaddr(text)
      .getComponents()
      .map(({ name }) => name)
    return names.includes('tcp') && (names.includes('ws') || names.includes('wss')) && !names.includes('p2p')
  } catch {
    return false
  }
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text)
