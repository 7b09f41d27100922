import { describe, expect, test } from 'vitest'
import type { StartOptions } from '../contract/commands.ts'
import { Failure } from '../contract/failures.ts'
import { createCommandGate, type RunningEngine } from './command-gate.ts'

const options = { profile: 'default' } as StartOptions
const engineOf = (part: Partial<RunningEngine>): RunningEngine => part as RunningEngine

describe('the command gate', () => {
  test('holds a command until the engine is up, then passes its arguments on', async () => {
    const { promise, resolve } = Promise.withResolvers<RunningEngine>()
    const gate = createCommandGate(() => promise)
    const order: string[] = []
    const read = gate.readFile('id', '1.0.0', 'a.txt').then((bytes) => order.push(`read ${bytes}`))
    const started = gate.start(options).then(() => order.push('started'))
    await Promise.resolve()
    expect(order).toEqual([])
    resolve(engineOf({ readFile: async (id, version, path) => new TextEncoder().encode(`${id} ${version} ${path}`) }))
    await Promise.all([read, started])
    expect(order).toHaveLength(2)
    expect(order).toContain(`read ${new TextEncoder().encode('id 1.0.0 a.txt')}`)
  })

  test('a failed start fails every command with the same name', async () => {
    const gate = createCommandGate(() =>
      Promise.reject(new Failure('ProfileInUse', { code: 'profile-held', profile: 'p' })),
    )
    await expect(gate.start(options)).rejects.toMatchObject({ name: 'ProfileInUse' })
    await expect(gate.library()).rejects.toMatchObject({ name: 'ProfileInUse' })
  })

  test('any rejection has a documented name', async () => {
    const gate = createCommandGate(async () =>
      engineOf({
        library: () => Promise.reject(new TypeError('undefined is not a function')),
        peers: () => {
          throw 'a string'
        },
      }),
    )
    await gate.start(options)
    await expect(gate.library()).rejects.toMatchObject({
      name: 'Internal',
      reason: { code: 'unexpected', detail: 'undefined is not a function' },
    })
    await expect(gate.peers()).rejects.toMatchObject({
      name: 'Internal',
      reason: { code: 'unexpected', detail: 'a string' },
    })
  })

  test('a command within a trace waits, is passed on and fails like any other', async () => {
    const gate = createCommandGate(async () =>
      engineOf({
        run: async (trace, name, ...given) => {
          if (name === 'library') throw new TypeError('no')
          return [trace, name, ...given]
        },
      }),
    )
    const early = gate.run('t', 'search', { text: 'a' })
    await gate.start(options)
    expect(await early).toEqual(['t', 'search', { text: 'a' }])
    await expect(gate.run('t', 'library')).rejects.toMatchObject({ name: 'Internal' })
  })

  test('a second start is refused', async () => {
    const gate = createCommandGate(async () => engineOf({}))
    await gate.start(options)
    await expect(gate.start(options)).rejects.toMatchObject({ name: 'InvalidArgument' })
  })
})
