import { afterEach, describe, expect, test, vi } from 'vitest'
import { createFencedStore } from './fenced-store.ts'
import { acquireProfileLock } from './tab-lock.ts'

/** Node's Web Locks; every test has its own profile. */
const { locks } = navigator
const clocks = { wall: () => Date.now(), monotonic: () => performance.now() }

afterEach(() => {
  vi.useRealTimers()
})

describe('the profile lock', () => {
  test('has one holder, and the next one after its release', async () => {
    const first = await acquireProfileLock('next', locks, clocks)
    const order: string[] = []
    const second = acquireProfileLock('next', locks, clocks).then((lock) => {
      order.push('second')
      return lock
    })
    await first.assertHeld()
    order.push('released')
    first.release()
    ;(await second).release()
    expect(order).toEqual(['released', 'second'])
  })

  test('reports a theft at once, and the former holder may not write', async () => {
    const stolen = Promise.withResolvers<void>()
    const first = await acquireProfileLock('stolen', locks, clocks, { onStolen: stolen.resolve })
    const second = await acquireProfileLock('stolen', locks, clocks, { steal: true })
    await stolen.promise
    const write = vi.fn(async () => {})
    const store = (lock: typeof first) => createFencedStore({ write } as never, lock.assertHeld)
    await expect(store(first).write([])).rejects.toMatchObject({ name: 'ProfileInUse' })
    expect(write).not.toHaveBeenCalled()
    await store(second).write([], { durability: 'strict' })
    expect(write).toHaveBeenCalledWith([], { durability: 'strict' })
    second.release()
  })

  test('is checked by its holder before the first write after a sleep', async () => {
    let holder = 'self'
    const query = vi.fn(async () => ({ held: [{ name: 'ggen-profile-asleep', clientId: holder }] }))
    const request = async (_name: string, _options: LockOptions, callback: () => Promise<void>) => callback()
    vi.useFakeTimers()
    const lock = await acquireProfileLock('asleep', { query, request } as unknown as LockManager, clocks)
    query.mockClear()
    await lock.assertHeld()
    expect(query).not.toHaveBeenCalled()
    // The clock advances, the timers do not: the process was stopped.
    vi.setSystemTime(Date.now() + 5_000)
    await lock.assertHeld()
    expect(query).toHaveBeenCalledTimes(1)
    vi.setSystemTime(Date.now() + 5_000)
    holder = 'another'
    await expect(lock.assertHeld()).rejects.toMatchObject({ name: 'ProfileInUse' })
    // Nor when its timer ran before the loss was reported.
    vi.advanceTimersByTime(1_000)
    await expect(lock.assertHeld()).rejects.toMatchObject({ name: 'ProfileInUse' })
    lock.release()
  })
})
