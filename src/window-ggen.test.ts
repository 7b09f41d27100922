import { expect, test, vi } from 'vitest'
import { scriptCommands } from '../workers/contract/command-table.ts'
import { Failure } from '../workers/contract/failures.ts'
import type { EngineClient } from './engine/client.ts'
import { createGgen } from './window-ggen.ts'

const compose = (answer: () => Promise<unknown>) => {
  const commands = Object.fromEntries(scriptCommands.map((name) => [name, answer]))
  return createGgen({ ...commands, ready: answer(), subscribe: () => () => {} } as unknown as EngineClient)
}

test('every command, and ready, rejects with the name of the failure, a sentence and the reason', async () => {
  const reason = { code: 'not-installed', package: 'kit', version: '1.0.0' } as const
  const { name, message } = new Failure('NotInstalled', reason)
  // As it comes from a worker, where only name and message survive.
  const ggen = compose(() => Promise.reject(Object.assign(new Error(message), { name })))
  const outcomes = [
    ggen.ready,
    ...scriptCommands.map((command) => (ggen[command] as unknown as () => Promise<unknown>)()),
  ]
  for (const outcome of outcomes) {
    await expect(outcome).rejects.toBeInstanceOf(Error)
    await expect(outcome).rejects.toMatchObject({ name, message: 'kit 1.0.0 is not installed.', reason })
  }
})

test('offers what the engine tells about its work, and the commands on single peers', () => {
  const ggen = compose(async () => undefined)
  const names = ['metrics', 'percentiles', 'samples', 'traces', 'objectives', 'reputation', 'telemetry', 'setTelemetry']
  for (const name of [...names, 'peers', 'peer', 'ping', 'disconnect', 'ban', 'unban'])
    expect(ggen, name).toHaveProperty(name, expect.any(Function))
})

test('warnings and findings come in words', async () => {
  const yanked = { code: 'yanked-chosen', package: 'kit', version: '1.0.0' } as const
  const finding = { level: 'warning', name: 'ReadmeMissing', reason: { code: 'no-readme' } } as const
  const ggen = compose(async () => ({ warnings: [yanked], findings: [finding] }))
  expect((await ggen.install(['kit'])).warnings).toEqual(['kit 1.0.0 was yanked by its publisher.'])
  expect((await ggen.check([])).findings).toEqual([
    { ...finding, message: 'The package has no README, which its page shows first.' },
  ])
})

test('a command that worked does not fail where the words cannot be loaded', async () => {
  vi.resetModules()
  vi.doMock('./text/reasons.ts', () => {
    throw new Error('The server is gone.')
  })
  const { createGgen: createOffline } = await import('./window-ggen.ts')
  const yanked = { code: 'yanked-chosen', package: 'kit', version: '1.0.0' } as const
  const finding = { level: 'warning', name: 'ReadmeMissing', reason: { code: 'no-readme' } } as const
  const answer = async () => ({ warnings: [yanked], findings: [finding] })
  const commands = Object.fromEntries(scriptCommands.map((name) => [name, answer]))
  const ggen = createOffline({ ...commands, ready: answer() } as unknown as EngineClient)
  expect((await ggen.publish([])).warnings).toEqual(['yanked-chosen'])
  expect((await ggen.check([])).findings).toMatchObject([{ name: 'ReadmeMissing', message: '{"code":"no-readme"}' }])
})
