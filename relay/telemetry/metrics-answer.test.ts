import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createMetricsAnswer } from './metrics-answer.ts'

const requestFrom = (remoteAddress: string, headers: Record<string, string> = { host: '127.0.0.1:8080' }) =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage

const here = requestFrom('127.0.0.1')

describe('metrics', () => {
  it.each([
    ['127.0.0.1', { host: '127.0.0.1:8080' }],
    ['127.0.0.1', { host: 'localhost' }],
    ['::1', { host: '[::1]:8080' }],
    ['::ffff:127.0.0.1', { host: 'LOCALHOST:1' }],
  ])('are shown to a program on this machine: %s, %o', async (address, headers) => {
    const answer = createMetricsAnswer({ access: 'local', collect: async () => ['a 1\n'], now: () => 0 })
    expect((await answer(requestFrom(address, headers))).status).toBe(200)
  })

  it.each([
    ['another machine', '192.0.2.1', { host: 'localhost' }],
    ['an address that only looks like it', '::ffff:10.127.0.0.1', { host: 'localhost' }],
    ['a proxy on this machine', '127.0.0.1', { host: 'localhost', 'x-forwarded-for': '192.0.2.1' }],
    ['a proxy that names itself', '127.0.0.1', { host: 'localhost', via: '1.1 caddy' }],
    ['a proxy that keeps the host', '127.0.0.1', { host: 'market.example.org' }],
    ['a rebound name', '127.0.0.1', { host: 'localhost.example.org' }],
    ['no host', '127.0.0.1', {}],
    ['a socket that has closed', '', { host: 'localhost' }],
  ])('are not shown to %s, unless to everybody', async (_what, address, headers: Record<string, string>) => {
    const collect = async (): Promise<string[]> => ['a 1\n']
    const local = createMetricsAnswer({ access: 'local', collect, now: () => 0 })
    const refused = await local(requestFrom(address, headers))
    expect([refused.status, refused.body.toString()]).toEqual([403, expect.stringContaining('METRICS=on')])
    const open = createMetricsAnswer({ access: 'on', collect, now: () => 0 })
    expect((await open(requestFrom(address, headers))).status).toBe(200)
  })

  it('are not found when they are off', async () => {
    const answer = createMetricsAnswer({ access: 'off', collect: async () => ['a 1\n'], now: () => 0 })
    expect((await answer(here)).status).toBe(404)
  })

  it('are collected at most once a second and once at a time, and again after a failure', async () => {
    let time = 0
    let collections = 0
    let finish = (_texts: string[]): void => {}
    let fail = (_error: Error): void => {}
    const answer = createMetricsAnswer({
      access: 'local',
      collect: () =>
        new Promise((resolve, reject) => {
          collections += 1
          finish = resolve
          fail = reject
        }),
      now: () => time,
    })
    const both = [answer(here), answer(here)]
    time = 5_000
    both.push(answer(here))
    finish(['a 1', 'b 2\n', ''])
    expect((await Promise.all(both)).map(({ body }) => body.toString())).toEqual(
      Array.from({ length: 3 }, () => 'a 1\nb 2\n'),
    )
    time += 999
    await answer(here)
    expect(collections).toBe(1)
    time += 1
    const failing = answer(here)
    expect(collections).toBe(2)
    fail(new Error('down'))
    await expect(failing).rejects.toThrow('down')
    const last = answer(here)
    finish([])
    expect((await last).body.length).toBe(0)
  })
})
