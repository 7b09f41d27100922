import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { until } from '../../workers/testing/relay-network.ts'
import { type Part, supervise } from './supervise.ts'

const parts: Part[] = []
afterEach(async () => {
  await Promise.all(parts.splice(0).map((part) => part.stop()))
})

interface Watched {
  part: Part
  answered: Set<number>
  ports: number[]
  lines: string[]
}

const start = (): Watched => {
  const watched: Omit<Watched, 'part'> = { answered: new Set(), ports: [], lines: [] }
  const part = supervise({
    name: 'part',
    script: join(import.meta.dirname, 'fixtures/faulty.ts'),
    portVariable: 'FAULTY_PORT',
    onMessage(message) {
      if (message.kind === 'health') watched.answered.add(message.requestId)
    },
    onReady: ({ port }) => void watched.ports.push(port),
    log: (line) => void watched.lines.push(line),
  })
  parts.push(part)
  return { ...watched, part }
}

const startWith = (how: string): Watched => {
  process.env['FAULTY_START'] = how
  onTestFinished(() => {
    delete process.env['FAULTY_START']
  })
  return start()
}

describe('a part', () => {
  it('survives any uncaught exception or rejection and continues to answer', async () => {
    const { part, answered, ports } = start()
    await part.started
    const pid = part.pid()
    for (const requestId of [1, 2, 3, 4, 5, 6]) {
      part.send({ kind: 'health-request', requestId })
      await until(`it answers after fault ${requestId}`, () => answered.has(requestId))
    }
    expect(part.pid()).toBe(pid)
    expect(ports).toEqual([4_242])
  })

  it.each([
    [7, 'exited'],
    [8, 'was killed'],
    [9, 'had too many uncaught errors'],
  ])('restarts at the same port after it (%i) %s', async (requestId) => {
    const { part, ports, answered, lines } = start()
    await part.started
    const pid = part.pid()
    part.send({ kind: 'health-request', requestId })
    await until('it has restarted', () => ports.length === 2)
    expect(ports).toEqual([4_242, 4_242])
    expect(part.pid()).not.toBe(pid)
    expect(lines[0]).toMatch(/^The part is down and will be restarted\./)
    part.send({ kind: 'health-request', requestId: 0 })
    await until('it answers', () => answered.has(0))
  })

  it.each([
    ['throw', 'Choose another port.'],
    ['later', 'It broke while it started.'],
  ])('reports why its first start failed and is not restarted (%s)', async (how, message) => {
    const { part, lines } = startWith(how)
    await expect(part.started).rejects.toThrow(message)
    expect(part.pid()).toBeUndefined()
    expect(lines).toEqual([])
  })

  it('accepts no messages after it has stopped', async () => {
    const { part } = start()
    await part.started
    await part.stop()
    expect(part.send({ kind: 'health-request', requestId: 0 })).toBe(false)
    expect(part.pid()).toBeUndefined()
  })
})
