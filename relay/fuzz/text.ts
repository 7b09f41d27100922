import type { Dice } from './dice.ts'

/** Bytes for a bare TCP connection: random, of other protocols, and malformed HTTP. */

const tlsHello = Buffer.from('16030100c8010000c40303', 'hex')

const methods = ['GET', 'POST', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'PRI', 'get', 'G\0T', '', 'X'.repeat(300)]
const versions = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9.9', 'HTTP', '']
const ends = ['\r\n', '\n', '\r', '\0', '\r\n\r\n']

const path = (dice: Dice): string =>
  dice.pick([
    '/',
    '/healthz',
    '/relays.json',
    '/metrics',
    '/otlp/v1/traces',
    '/otlp/v1/metrics',
    '/otlp/',
    '/%00',
    '/%ff%fe',
    '/../../etc/passwd',
    '//',
    '*',
    'http://else.where/',
    '/\\..\\',
    '/?',
    `/${'a'.repeat(dice.below(20_000))}`,
    `/${'%2e'.repeat(dice.below(200))}`,
    `/${dice.bytes(dice.below(40)).toString('latin1')}`,
  ])

const header = (dice: Dice): string =>
  dice.pick([
    'Host: a',
    'Host: [::1]:x',
    'Host:',
    `Host: ${'h'.repeat(dice.below(9_000))}`,
    'Content-Length: 10',
    'Content-Length: -1',
    'Content-Length: 99999999999999999999',
    'Content-Length: 1\r\nContent-Length: 2',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: chunked, gzip',
    'Content-Type: application/json\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 10',
    'Content-Type: application/x-protobuf\r\nSec-Fetch-Site: same-origin\r\nTransfer-Encoding: chunked',
    'Content-Type: application/json\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 2000000',
    'Content-Encoding: gzip',
    'Sec-Fetch-Site: none',
    'Origin: http://\u0001',
    'Expect: 100-continue',
    'Expect: something',
    'Connection: keep-alive',
    'Connection: Upgrade\r\nUpgrade: h2c',
    'Connection: close, Upgrade',
    'Accept-Encoding: br;q=x, gzip;q=-1, *',
    'If-None-Match: "',
    'Range: bytes=0-0,-1',
    ': empty',
    'No colon',
    ' Folded: yes',
    `X: ${dice.bytes(dice.below(60)).toString('latin1')}`,
    `X-${'n'.repeat(dice.below(300))}: 1`,
    Array.from({ length: dice.below(300) }, (_, at) => `H${at}: 1`).join('\r\n'),
  ])

const request = (dice: Dice): Buffer => {
  const lines = [`${dice.pick(methods)} ${path(dice)} ${dice.pick(versions)}`]
  for (let count = dice.below(6); count > 0; count -= 1) lines.push(header(dice))
  const end = dice.oneIn(4) ? dice.pick(ends) : '\r\n'
  const whole = Buffer.from(`${lines.join(end)}${dice.oneIn(4) ? '' : end + end}`, 'latin1')
  const body = dice.oneIn(3)
    ? dice.pick([dice.bytes(dice.below(2_000)), Buffer.from('5\r\nabc'), Buffer.from('fffffffff\r\n')])
    : ''
  return Buffer.concat([whole.subarray(0, dice.oneIn(4) ? dice.below(whole.length) : whole.length), Buffer.from(body)])
}

export const tcpBytes = (dice: Dice): Buffer =>
  dice.pick([
    () => dice.bytes(dice.below(2_000)),
    () => Buffer.concat([tlsHello, dice.bytes(dice.below(300))]),
    () => Buffer.alloc(dice.below(5_000), dice.pick([0, 10, 13, 0xff, 0x47])),
    () => Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    () => Buffer.from('SSH-2.0-x\r\n'),
    () => Buffer.alloc(0),
    () => Buffer.from('\x13/multistream/1.0.0\n\x07/noise\n'),
  ])()

/** One request, or several in one write. */
export const httpBytes = (dice: Dice): Buffer =>
  Buffer.concat(Array.from({ length: dice.oneIn(5) ? dice.between(2, 8) : 1 }, () => request(dice)))

/** A WebSocket handshake, valid or malformed. */
export const upgradeBytes = (dice: Dice): Buffer => {
  const key = dice.pick(['AAAAAAAAAAAAAAAAAAAAAA==', '', 'x', `${'A'.repeat(500)}==`, 'ÿ', 'AAAAAAAAAAAAAAAAAAAAAB=='])
  const lines = [
    `${dice.pick(['GET', 'GET', 'POST', 'HEAD'])} ${path(dice)} ${dice.pick(['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'])}`,
    'Host: a',
    `Upgrade: ${dice.pick(['websocket', 'WebSocket', 'h2c', 'websocket, h2c', ''])}`,
    `Connection: ${dice.pick(['Upgrade', 'upgrade, keep-alive', 'close'])}`,
    `Sec-WebSocket-Key: ${key}`,
    `Sec-WebSocket-Version: ${dice.pick(['13', '8', '99', '-1', '', '13, 8'])}`,
  ]
  if (dice.oneIn(3))
    lines.push(
      `Sec-WebSocket-Extensions: ${dice.pick(['permessage-deflate', 'permessage-deflate; client_max_window_bits=99', 'x;;=', ',', '"'])}`,
    )
  if (dice.oneIn(3)) lines.push(`Sec-WebSocket-Protocol: ${dice.pick(['a, a', ',', 'ü', 'x'.repeat(3_000)])}`)
  if (dice.oneIn(3)) lines.splice(dice.between(1, lines.length - 1), 1)
  // Bytes in the same write as the handshake are read before the relay has attached its listeners.
  return Buffer.concat([
    Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'),
    dice.oneIn(2) ? dice.bytes(dice.below(300)) : Buffer.alloc(0),
  ])
}

export const goodUpgrade = Buffer.from(
  'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
)
