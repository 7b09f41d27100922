import { describe, expect, test, vi } from 'vitest'
import type { TabCommand } from '../../workers/contract/command-table.ts'
import type { EngineCommands } from '../../workers/contract/commands.ts'
import { Failure } from '../../workers/contract/failures.ts'
import { encodeTabMessage, type TabMessage, tabChannels } from '../../workers/contract/tabs.ts'
import type { Update, UpdateBatch } from '../../workers/contract/updates.ts'
import { createTabServer, type TabChannel, type TabServer } from '../../workers/engine/tab-server.ts'
import { connectRemoteEngine, type RemoteEngine } from './remote-engine.ts'

/** In-memory BroadcastChannels: asynchronous, ordered, cloned to all others of the same name. */
const createChannels = () => {
  const byName = new Map<string, Set<TabChannel>>()
  const open = (name: string): TabChannel => {
    const members = byName.get(name) ?? new Set()
    byName.set(name, members)
    const channel: TabChannel = {
      onmessage: null,
      postMessage(message: unknown) {
        if (!members.has(channel)) throw new DOMException('The channel is closed.', 'InvalidStateError')
        const data = structuredClone(message)
        for (const other of members) {
          if (other === channel) continue
          queueMicrotask(
            () => members.has(other) && other.onmessage?.call(other as BroadcastChannel, { data } as MessageEvent),
          )
        }
      },
      close: () => members.delete(channel),
    }
    members.add(channel)
    return channel
  }
  return { open, listeners: (name: string) => byName.get(name)?.size ?? 0 }
}

type Commands = Pick<EngineCommands, TabCommand>

const compose = (given: Partial<Commands>) => {
  const channels = createChannels()
  const gone = new Map<string, () => void>()
  const locks = {
    request: (name: string, _options: unknown, callback: () => void) => {
      gone.set(name, callback)
      return Promise.resolve()
    },
  } as unknown as LockManager
  const traces: unknown[] = []
  const traced = async (trace: unknown, command: unknown, args: unknown[]): Promise<unknown> => {
    traces.push(trace)
    return (command as (...given: unknown[]) => unknown)(...args)
  }
  const lead = (leader: string, commands: Partial<Commands> = given): TabServer =>
    createTabServer({
      profile: 'p',
      leader,
      commands: { run: (trace, name, ...args) => traced(trace, commands[name as TabCommand], args) },
      open: channels.open,
      locks,
      now: () => 0,
    })
  const told: UpdateBatch[] = []
  const join = (tab: string, leader: string): RemoteEngine =>
    connectRemoteEngine({
      profile: 'p',
      tab,
      leader,
      open: channels.open,
      onSign: () => {},
      onUpdates: (batch) => told.push(batch),
    })
  return { channels, gone, lead, join, told, traces }
}

const notice = (id: string): Update => ({
  kind: 'notice',
  id,
  level: 'info',
  name: 'Internal',
  reason: { code: 'described', detail: id },
})

/** Waits until all messages are delivered: channels and promises need a few turns of the event loop, but no timers. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
}

describe('the engine of another tab', () => {
  test('receives arguments with bytes, and returns values with bytes', async () => {
    const content = Buffer.alloc(20 * 1024 * 1024, 'not all the same')
    const publish = vi.fn(async (files: { path: string; bytes: Uint8Array }[]) => {
      const same = Buffer.compare(files[0]?.bytes ?? new Uint8Array(), content) === 0
      return { id: `${files[0]?.path} ${same}`, version: '1.0.0', root: '', warnings: [] }
    })
    const { lead, join } = compose({ publish, readFile: async () => content })
    lead('l')
    const remote = join('a', 'l')
    expect(await remote.call('publish', [[{ path: 'a', bytes: content }]])).toMatchObject({ id: 'a true' })
    const read = (await remote.call('readFile', ['id', '1.0.0', 'a'])) as Uint8Array
    expect(Buffer.compare(read, content)).toBe(0)
    expect(publish).toHaveBeenCalledTimes(1)
  })

  test('passes the trace of a command on', async () => {
    const { lead, join, traces } = compose({ library: async () => [] })
    lead('l')
    const remote = join('a', 'l')
    await remote.call('library', [], '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00')
    await remote.call('library', [])
    expect(traces).toEqual(['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', undefined])
  })

  test('answers each tab separately, and preserves failure names', async () => {
    const { lead, join } = compose({
      search: async ({ text }) => ({ total: text?.length }) as never,
      describe: () => Promise.reject(new Failure('PackageNotFound', { code: 'records-not-here', package: 'x' })),
      library: () => Promise.reject(new TypeError('undefined is not a function')),
    })
    lead('l')
    const [a, b] = [join('a', 'l'), join('b', 'l')]
    const answers = [a.call('search', [{ text: 'a' }]), b.call('search', [{ text: 'bb' }])]
    expect(await Promise.all(answers)).toEqual([{ total: 1 }, { total: 2 }])
    await expect(a.call('describe', ['x'])).rejects.toMatchObject({
      name: 'PackageNotFound',
      reason: { code: 'records-not-here', package: 'x' },
    })
    await expect(a.call('library', [])).rejects.toMatchObject({ name: 'Internal' })
    await expect(a.call('search', [() => {}])).rejects.toThrow()
  })

  test('sends updates to every tab, and the current state to later ones', async () => {
    const { lead, join, told, channels } = compose({ status: async () => ({}) as never })
    const server = lead('l')
    server.publish([notice('before'), { kind: 'library', revision: 1 }])
    server.publish([{ kind: 'library', revision: 2 }])
    const remote = join('a', 'l')
    await remote.call('status', [])
    expect(told).toEqual([[notice('before'), { kind: 'library', revision: 2 }]])
    const heard: unknown[] = []
    channels.open(tabChannels.lobby('p')).onmessage = ({ data }) => heard.push(data)
    server.publish([notice('after')])
    await Promise.resolve()
    expect(heard).toMatchObject([{ kind: 'updates', updates: [notice('after')] }])
  })

  test('a stopped leader does not answer, and is not confused with the next', async () => {
    const { lead, join } = compose({})
    const answer = Promise.withResolvers<never>()
    const server = lead('old', { status: () => answer.promise })
    const remote = join('a', 'old')
    let settled = false
    const settle = (): void => {
      settled = true
    }
    remote.call('status', []).then(settle, settle)
    await Promise.resolve()
    server.stop()
    answer.reject(new Failure('StorageUnavailable', { code: 'storage-closed' }))
    const next = lead('new', { status: async () => 'new' as never })
    await turns()
    remote.close()
    expect(await join('a', 'new').call('status', [])).toBe('new')
    expect(settled).toBe(false)
    next.stop()
  })

  test('drops a closed tab and its channel', async () => {
    const { lead, join, gone, channels } = compose({ status: async () => ({}) as never })
    lead('l')
    const remote = join('a', 'l')
    await remote.call('status', [])
    remote.close()
    expect(channels.listeners(tabChannels.tab('p', 'a'))).toBe(1)
    gone.get('ggen-tab-p-a')?.()
    expect(channels.listeners(tabChannels.tab('p', 'a'))).toBe(0)
  })

  test('closes the drafts of a tab when the tab closes, and not before', async () => {
    const closeDraft = vi.fn<Commands['closeDraft']>(async () => {})
    const late = Promise.withResolvers<{ id: string; check: never }>()
    let count = 0
    const { lead, join, gone } = compose({
      closeDraft,
      openDraft: async (files) => {
        count += 1
        return files.length > 0 ? late.promise : { id: `draft ${count}`, check: {} as never }
      },
    })
    lead('l')
    const [a, b] = [join('a', 'l'), join('b', 'l')]
    await a.call('openDraft', [[]])
    await a.call('openDraft', [[]])
    await b.call('openDraft', [[]])
    await a.call('closeDraft', ['draft 2'])
    void a.call('openDraft', [[{ path: 'x', bytes: new Uint8Array(1) }]])
    await turns()
    closeDraft.mockClear()
    a.close()
    gone.get('ggen-tab-p-a')?.()
    await turns()
    expect(closeDraft.mock.calls).toEqual([['draft 1']])
    // It was still opening when its tab closed.
    late.resolve({ id: 'late', check: {} as never })
    await turns()
    expect(closeDraft.mock.calls).toEqual([['draft 1'], ['late']])
  })

  test('ignores garbage, replays and wrong sizes', async () => {
    const status = vi.fn(async () => ({}) as never)
    const { lead, join, channels } = compose({ status })
    lead('l')
    const remote = join('a', 'l')
    const intruder = channels.open(tabChannels.leader('p', 'l'))
    const call: TabMessage = { kind: 'call', from: 'a', id: 0, command: 'status', args: [null], parts: [] }
    await remote.call('status', [])
    intruder.postMessage(encodeTabMessage('tab', call))
    intruder.postMessage({ ggen: 'tabs', v: 1, role: 'tab', kind: 'call', from: 'a', id: 9 })
    intruder.postMessage('text')
    intruder.postMessage(encodeTabMessage('tab', { ...call, id: 5, parts: [{ path: [0], size: 2 }] }))
    intruder.postMessage(encodeTabMessage('tab', { kind: 'call-chunk', from: 'a', id: 5, bytes: new Uint8Array(9) }))
    intruder.postMessage(encodeTabMessage('tab', { kind: 'call-chunk', from: 'b', id: 5, bytes: new Uint8Array(1) }))
    await turns()
    expect(status).toHaveBeenCalledTimes(1)
  })
})
