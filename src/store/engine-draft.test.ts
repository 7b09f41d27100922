import { describe, expect, test, vi } from 'vitest'
import { Failure } from '../../workers/contract/failures.ts'
import type { PackageCheck, PublishResult } from '../../workers/contract/views.ts'
import type { EngineClient } from '../engine/client.ts'
import { createEngineDraft, type DraftContent } from './engine-draft.ts'

const check = { ok: true } as PackageCheck
const result: PublishResult = { id: 'p/kit', version: '1.0.0', root: 'r', warnings: [] }
const traceId = '1'.repeat(32)
const traceOf = (): string => traceId
const published = { result, traceId }
const content = (paths: string[] = ['a', 'b'], version = '1.0.0'): DraftContent => ({
  files: paths.map((path) => ({ path, bytes: new Uint8Array(1) })),
  options: { fields: { version }, confirmedPrivate: ['a'] },
})

/** An engine that holds drafts until a new engine replaces it. */
const createClient = () => {
  let count = 0
  let open = new Set<string>()
  const use = async <T>(id: string, value: T): Promise<T> => {
    if (!open.has(id)) throw new Failure('DraftNotOpen', { code: 'draft-not-open' })
    return value
  }
  const client = {
    openDraft: vi.fn<EngineClient['openDraft']>(async () => {
      count += 1
      open.add(`${count}`)
      return { id: `${count}`, check }
    }),
    changeDraft: vi.fn<EngineClient['changeDraft']>((id) => use(id, check)),
    publishDraft: vi.fn<EngineClient['publishDraft']>((id) => use(id, result)),
    closeDraft: vi.fn<EngineClient['closeDraft']>(async (id) => void open.delete(id)),
  }
  return {
    client,
    open: () => open.size,
    lose: () => {
      open = new Set()
    },
  }
}

describe('a draft in the engine', () => {
  test('sends its files once, then only changes', async () => {
    const { client } = createClient()
    const draft = createEngineDraft(client, traceOf)
    expect(await draft.check(content())).toBe(check)
    expect(await draft.dryRun(content())).toBe(result)
    expect(await draft.check(content(['b'], '2.0.0'))).toBe(check)
    expect(await draft.publish(content(['b'], '3.0.0'))).toEqual(published)
    expect(client.openDraft).toHaveBeenCalledOnce()
    expect(client.changeDraft.mock.calls).toEqual([
      ['1', { fields: { version: '2.0.0' }, confirmedPrivate: ['a'], leaveOut: ['a'] }],
    ])
    expect(client.publishDraft.mock.calls).toEqual([
      ['1', { dryRun: true }],
      ['1', { fields: { version: '3.0.0' }, confirmedPrivate: ['a'], leaveOut: ['a'] }],
    ])
  })

  test.each(['check', 'dryRun', 'publish'] as const)('is reopened when the engine has lost it: %s', async (ask) => {
    const { client, lose } = createClient()
    const draft = createEngineDraft(client, traceOf)
    await draft.check(content())
    lose()
    const answer = await draft[ask](content(['b']))
    expect(answer).toEqual(ask === 'check' ? check : ask === 'dryRun' ? result : published)
    expect(client.openDraft).toHaveBeenCalledTimes(2)
    expect(client.openDraft.mock.lastCall?.[0].map(({ path }) => path)).toEqual(['b'])
  })

  test('is reopened once when its engine ended before it answered', async () => {
    const { client } = createClient()
    const draft = createEngineDraft(client, traceOf)
    await draft.check(content())
    client.publishDraft.mockRejectedValueOnce(new Failure('Stopped', { code: 'engine-ended' }))
    expect((await draft.publish(content())).result).toBe(result)
    expect(client.openDraft).toHaveBeenCalledTimes(2)
    client.publishDraft.mockRejectedValue(new Failure('Stopped', { code: 'engine-ended' }))
    await expect(draft.publish(content())).rejects.toMatchObject({ name: 'Stopped' })
  })

  test('is opened again once for all questions that were under way when its engine was lost', async () => {
    const { client, lose, open } = createClient()
    const draft = createEngineDraft(client, traceOf)
    await draft.check(content())
    lose()
    expect(await Promise.all([draft.check(content()), draft.publish(content(['a', 'b'], '2.0.0'))])).toEqual([
      check,
      published,
    ])
    expect(client.openDraft).toHaveBeenCalledTimes(2)
    expect(client.publishDraft.mock.lastCall?.[1]).toMatchObject({ fields: { version: '2.0.0' } })
    draft.close()
    await vi.waitFor(() => expect(open()).toBe(0))
  })

  test('passes on any other failure, and keeps the draft', async () => {
    const { client } = createClient()
    const draft = createEngineDraft(client, traceOf)
    await draft.check(content())
    client.publishDraft.mockRejectedValueOnce(new Failure('QuotaExceeded', { code: 'disk-full' }))
    await expect(draft.publish(content())).rejects.toMatchObject({ name: 'QuotaExceeded' })
    await draft.publish(content())
    expect(client.openDraft).toHaveBeenCalledOnce()
  })

  test('that failed to open is opened by the next request', async () => {
    const { client } = createClient()
    client.openDraft.mockRejectedValueOnce(
      new Failure('InvalidArgument', { code: 'malformed-argument', argument: 'files' }),
    )
    const draft = createEngineDraft(client, traceOf)
    await expect(draft.check(content())).rejects.toMatchObject({ name: 'InvalidArgument' })
    expect(await draft.check(content())).toBe(check)
  })
})

describe('closing a draft', () => {
  test('closes it in the engine, even while it is opening', async () => {
    const { client, open } = createClient()
    const draft = createEngineDraft(client, traceOf)
    const checking = draft.check(content())
    draft.close()
    await checking
    await vi.waitFor(() => expect(open()).toBe(0))
    expect(client.closeDraft).toHaveBeenCalledOnce()
    createEngineDraft(client, traceOf).close()
    expect(client.closeDraft).toHaveBeenCalledOnce()
  })

  test('waits for a running publish, which succeeds even if the engine has lost the draft', async () => {
    const { client, open, lose } = createClient()
    const draft = createEngineDraft(client, traceOf)
    await draft.check(content())
    lose()
    const publishing = draft.publish(content())
    draft.close()
    expect((await publishing).result).toBe(result)
    await vi.waitFor(() => expect(open()).toBe(0))
    expect(client.closeDraft).toHaveBeenCalledExactlyOnceWith('2')
  })
})
