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
  test('a command waits for an engine, and is asked again of the next one when that is gone', async () => {
    const router = createCallRouter()
    const search = router.call('search', [{ text: 'a' }])
    const dying = silent()
    router.use(dying)
    expect(dying.calls).toEqual([['search', { text: 'a' }]])
    router.use(undefined)
    router.use(answering((command) => `${command} answered`))
    expect(await search).toBe('search answered')
  })

  test('a failure of the engine is the outcome; one of an engine that is no longer asked is not', async () => {
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

  test('an install keeps its transfer from engine to engine, given or made', () => {
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

  test('an install that was cancelled is not begun again by the next engine', async () => {
    const router = createCallRouter()
    router.use(silent())
    const install = router.call('install', [['a'], { transferId: 't' }])
    void router.call('cancel', ['t'])
    const next = silent()
    router.use(next)
    await expect(install).rejects.toMatchObject({ name: 'Cancelled' })
    expect(next.calls).toEqual([['cancel', 't']])
  })

  test('a command waits for the engine after one that stopped answering, and fails by name after two', async () => {
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
    // Asked of one such engine only, and how an engine is hangs nothing.
    expect(await Promise.all([library, status])).toEqual(['library answered', 'status answered'])
  })

  test('what is about a draft of one engine is not asked of another, and fails by name', async () => {
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
    // Nobody had it yet: the next engine says that it does not have that draft.
    const close = router.call('closeDraft', ['id'])
    router.use(answering((command) => `${command} answered`))
    expect(await Promise.all([open, close])).toEqual(['openDraft answered', 'closeDraft answered'])
  })

  test('an uninstall that the first engine did is a success of the second', async () => {
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
