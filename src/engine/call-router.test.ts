import { describe, expect, test } from 'vitest'
import { Failure } from '../../workers/contract/failures.ts'
import { createCallRouter, type Route } from './call-router.ts'

const silent = (): Route & { calls: unknown[][] } => {
  const calls: unknown[][] = []
  return {
    calls,
    call(command, args) {
      calls.push([command, ...args])
      return new Promise(() => {})
    },
  }
}
const answering = (answer: (command: string) => unknown): Route => ({ call: async (command) => answer(command) })

describe('the call router', () => {
  test('a command waits for an engine, and is sent again to the next one', async () => {
    const router = createCallRouter()
    const search = router.call('search', [{ text: 'a' }])
    const dying = silent()
    router.use(dying)
    expect(dying.calls).toEqual([['search', { text: 'a' }]])
    router.use(undefined)
    router.use(answering((command) => `${command} answered`))
    expect(await search).toBe('search answered')
  })

  test('a command has one trace, and another span at each engine', () => {
    const router = createCallRouter()
    const traces: unknown[] = []
    const noting = (): Route => ({
      call(_command, _args, trace) {
        traces.push(trace)
        return new Promise(() => {})
      },
    })
    router.use(noting())
    void router.call('library', [], '0af7651916cd43dd8448eb211c80319c')
    router.use(noting())
    const form = /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/
    expect(traces).toEqual([expect.stringMatching(form), expect.stringMatching(form)])
    expect(traces[0]).not.toBe(traces[1])
  })

  test('a failure of the current engine is the outcome; one of a replaced engine is ignored', async () => {
    const router = createCallRouter()
    const ending = Promise.withResolvers<never>()
    router.use({ call: () => ending.promise })
    const library = router.call('library', [])
    router.use(undefined)
    ending.reject(new Failure('StorageUnavailable', { code: 'storage-closed' }))
    await ending.promise.catch(() => {})
    router.use(answering(() => ['entry']))
    expect(await library).toEqual(['entry'])
    router.use({
      call: () => Promise.reject(new Failure('PackageNotFound', { code: 'records-not-here', package: 'x' })),
    })
    await expect(router.call('describe', ['x'])).rejects.toMatchObject({ name: 'PackageNotFound' })
  })

  test('an install keeps its transfer across engines, whether given or generated', () => {
    const router = createCallRouter()
    const [first, second] = [silent(), silent()]
    router.use(first)
    void router.call('install', [['a']])
    void router.call('install', [['b'], { transferId: 'mine', allowMissing: true }])
    router.use(second)
    expect(second.calls).toEqual(first.calls)
    expect(first.calls[0]?.[2]).toMatchObject({ transferId: expect.stringMatching(/./) })
    expect(first.calls[1]?.[2]).toEqual({ transferId: 'mine', allowMissing: true })
  })

  test('a cancelled install is not restarted by the next engine', async () => {
    const router = createCallRouter()
    router.use(silent())
    const install = router.call('install', [['a'], { transferId: 't' }])
    void router.call('cancel', ['t'])
    const next = silent()
    router.use(next)
    await expect(install).rejects.toMatchObject({ name: 'Cancelled' })
    expect(next.calls).toEqual([['cancel', 't']])
  })

  test('a command waits for the next engine after one stopped answering, and fails with Timeout after two', async () => {
    const router = createCallRouter()
    router.use(silent())
    const search = router.call('search', [{}])
    const status = router.call('status', [])
    router.stuck()
    const second = silent()
    router.use(second)
    expect(second.calls.map(([command]) => command)).toEqual(['search', 'status'])
    const library = router.call('library', [])
    router.stuck()
    await expect(search).rejects.toMatchObject({ name: 'Timeout', reason: { code: 'engine-stuck-twice' } })
    router.use(answering((command) => `${command} answered`))
    // The first was pending in only one such engine, and a status query is harmless.
    expect(await Promise.all([library, status])).toEqual(['library answered', 'status answered'])
  })

  test('a command on a draft is not sent to another engine, and fails with Stopped', async () => {
    const router = createCallRouter()
    const stopped = { name: 'Stopped' }
    router.use(silent())
    const change = router.call('changeDraft', ['id', {}])
    const open = router.call('openDraft', [[]])
    const second = silent()
    router.use(second)
    await expect(change).rejects.toMatchObject(stopped)
    expect(second.calls).toEqual([['openDraft', []]])
    const publish = router.call('publishDraft', ['id'])
    router.stuck()
    await expect(publish).rejects.toMatchObject(stopped)
    // Not sent to any engine yet: the next engine reports that it does not have the draft.
    const close = router.call('closeDraft', ['id'])
    router.use(answering((command) => `${command} answered`))
    expect(await Promise.all([open, close])).toEqual(['openDraft answered', 'closeDraft answered'])
  })

  test('an uninstall that the first engine completed succeeds on the second', async () => {
    const router = createCallRouter()
    const none = (): Route => ({
      call: () =>
        Promise.reject(new Failure('NotInstalled', { code: 'not-installed', package: 'x', version: '1.0.0' })),
    })
    router.use(silent())
    const uninstall = router.call('uninstall', ['x', '1.0.0'])
    router.use(none())
    expect(await uninstall).toBeUndefined()
    await expect(router.call('uninstall', ['x', '1.0.0'])).rejects.toMatchObject({ name: 'NotInstalled' })
  })
})
