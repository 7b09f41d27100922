import { describe, expect, test } from 'vitest'
import { type ChangedPackages, engineNoticeId, type Update } from '../../workers/contract/updates.ts'
import type { PackageView, StatusView, TransferView } from '../../workers/contract/views.ts'
import { applyUpdates, withNotice, withoutTransfer, withTransfer } from './apply-updates.ts'
import { type Asked, initialState } from './state.ts'

const empty = initialState('system')
const id = `${'a'.repeat(52)}/hello`
const transfer: TransferView = {
  id: 't1',
  specs: [`${id}@=1.0.0`],
  state: 'fetching',
  bytes: 1,
  totalBytes: 2,
  sources: 1,
  startedAt: 0,
}

describe('a batch', () => {
  test('that says nothing leaves the very same state', () => {
    expect(applyUpdates(empty, [])).toBe(empty)
  })

  test('is put in as a whole, and changes nothing in place', () => {
    const before = structuredClone(empty)
    const state = applyUpdates(empty, [
      { kind: 'status', status: { catalogueSize: 7 } as StatusView },
      { kind: 'library', revision: 3 },
      { kind: 'transfer', transfer },
      {
        kind: 'publication',
        publication: {
          id,
          slug: 'hello',
          version: '1.0.0',
          state: 'stored',
          acknowledgements: 0,
          announcedTo: 0,
          publishedAt: 0,
        },
      },
    ])
    expect(empty).toEqual(before)
    expect(state.catalogue).toEqual({ revision: 0, size: 7 })
    expect(state.libraryRevision).toBe(3)
    expect(Object.keys(state.transferById)).toEqual(['t1'])
    expect(Object.keys(state.publicationByKey)).toEqual([`${id}@1.0.0`])
  })

  test('about the cache sets its figures', () => {
    const hits = { hot: 1, warm: 2, cold: 3, catalogue: 4 }
    const figures = { hits, misses: 0, hitRate: 1 }
    const kinds = { package: figures, manifest: figures, file: figures }
    const cache = { ...figures, kinds, memory: { requests: 10, hitRate: 0.3, best: 0.5 } }
    expect(applyUpdates(empty, [{ kind: 'cache', cache }]).cache).toEqual(cache)
  })

  test('about the catalogue sets revision and size', () => {
    const state = applyUpdates(empty, [{ kind: 'catalogue', revision: 5, size: 43, changed: 'many' }])
    expect(state.catalogue).toEqual({ revision: 5, size: 43 })
  })
})

describe('views of packages are to be asked for again', () => {
  const other = `${'b'.repeat(52)}/other`
  const asked = (dependents: string[] = []): Asked<PackageView> => ({
    busy: false,
    value: { dependents: dependents.map((each) => ({ id: each, slug: 'x' })) } as PackageView,
  })
  const state = { ...empty, packageById: { [id]: asked(['dependent']), [other]: asked() } }
  const staleAfter = (update: Update): string[] =>
    Object.entries(applyUpdates(state, [update]).packageById).flatMap(([each, { stale }]) => (stale ? [each] : []))
  const catalogue = (changed: ChangedPackages): Update => ({ kind: 'catalogue', revision: 9, size: 1, changed })

  test('when their own records changed, or those of a dependent that they show', () => {
    expect(staleAfter(catalogue([other]))).toEqual([other])
    expect(staleAfter(catalogue(['dependent']))).toEqual([id])
    expect(staleAfter(catalogue('many'))).toEqual([id, other])
    expect(applyUpdates(state, [catalogue(['elsewhere'])]).packageById).toBe(state.packageById)
  })

  test('when something else became known of them, or the library changed', () => {
    expect(staleAfter({ kind: 'package', id })).toEqual([id])
    expect(staleAfter({ kind: 'package', id: 'unseen' })).toEqual([])
    expect(staleAfter({ kind: 'library', revision: 2 })).toEqual([id, other])
  })
})

describe('a transfer', () => {
  test('that ends well says so, whoever began it', () => {
    const state = applyUpdates(empty, [{ kind: 'transfer', transfer: { ...transfer, state: 'done' } }])
    expect(state.notices).toMatchObject([{ level: 'success', message: 'Installed hello 1.0.0.' }])
  })

  test('that fails says why', () => {
    const failure = { name: 'ContentUnavailable', reason: { code: 'described', detail: 'Nobody has it.' } } as const
    const state = withTransfer(empty, { ...transfer, state: 'failed', failure })
    expect(state.notices).toMatchObject([{ level: 'error', message: 'hello 1.0.0 was not installed. Nobody has it.' }])
  })

  test('that was cancelled says nothing', () => {
    expect(withTransfer(empty, { ...transfer, state: 'cancelled' }).notices).toEqual([])
  })

  test('that has ended takes no later news, and is noticed once', () => {
    const done = withTransfer(empty, { ...transfer, state: 'done' })
    expect(withTransfer(done, transfer)).toBe(done)
    expect(withTransfer(done, { ...transfer, state: 'done' })).toBe(done)
  })

  test('can be forgotten, and then come again', () => {
    const state = withoutTransfer(withTransfer(empty, { ...transfer, state: 'failed' }), 't1')
    expect(state.transferById).toEqual({})
    expect(withTransfer(state, transfer).transferById['t1']).toEqual(transfer)
  })
})

describe('notices', () => {
  const notice = (n: number, message = `${n}`) => ({ id: `n${n}`, level: 'info', message }) as const

  test('with the same id replace each other', () => {
    const state = withNotice(withNotice(withNotice(empty, notice(1)), notice(2)), notice(1, 'again'))
    expect(state.notices.map(({ message }) => message)).toEqual(['2', 'again'])
  })

  test('are few: the oldest go', () => {
    const state = [1, 2, 3, 4, 5, 6].reduce((before, n) => withNotice(before, notice(n)), empty)
    expect(state.notices.map(({ message }) => message)).toEqual(['3', '4', '5', '6'])
  })

  test('of the engine are worded', () => {
    const state = applyUpdates(empty, [
      {
        kind: 'notice',
        id: 'x',
        level: 'warning',
        name: 'Equivocation',
        reason: { code: 'described', detail: 'Two contents.' },
      },
    ])
    expect(state.notices).toEqual([{ id: 'x', level: 'warning', message: 'Two contents.' }])
  })
})

test('an engine that has ended for good takes back what was said of its restarts, and no other notice', () => {
  const notice = { kind: 'notice', level: 'warning', name: 'Timeout', reason: { code: 'peer-stalled' } } as const
  const before = applyUpdates(initialState('system'), [
    { ...notice, id: engineNoticeId },
    { ...notice, id: 'other' },
  ])
  const after = applyUpdates(before, [
    { kind: 'engine', name: 'Internal', reason: { code: 'engine-gave-up', seconds: 5 } },
  ])
  expect(after.engine.phase).toBe('failed')
  expect(after.notices.map(({ id }) => id)).toEqual(['other'])
})
