import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createCacheMemory } from '../cache/cache-memory.ts'
import type { CacheKind, CacheView } from '../contract/views.ts'
import { createCacheReport } from './cache-report.ts'
import { cacheMetrics } from './metrics.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const open = () => {
  const views: CacheView[] = []
  const memory = createCacheMemory<CacheKind>({
    kinds: ['package', 'manifest', 'file'],
    now: Date.now,
    onRequest: () => report.changed(),
  })
  const report = createCacheReport({ memory, onChange: (view) => views.push(view) })
  return { memory, report, views }
}

test('reports the kinds in total and separately', () => {
  const { memory, report } = open()
  const [packages, manifests, files] = [memory.of('package'), memory.of('manifest'), memory.of('file')]
  packages.count('known')
  packages.count('missed')
  manifests.count('hot')
  manifests.count('hot')
  files.count('warm')
  files.count('cold')
  files.count('cold')
  files.count('missed')
  const view = report.view()
  expect(view).toMatchObject({ hits: { hot: 2, warm: 1, cold: 2, catalogue: 1 }, misses: 2, hitRate: 0.75 })
  expect(view.kinds).toEqual({
    package: { hits: { hot: 0, warm: 0, cold: 0, catalogue: 1 }, misses: 1, hitRate: 0.5 },
    manifest: { hits: { hot: 2, warm: 0, cold: 0, catalogue: 0 }, misses: 0, hitRate: 1 },
    file: { hits: { hot: 0, warm: 1, cold: 2, catalogue: 0 }, misses: 1, hitRate: 0.75 },
  })
  expect(cacheMetrics(view)).toMatchObject({
    'cache_hits_total{tier="cold"}': 2,
    cache_misses_total: 2,
    'cache_kind_hits_total{kind="manifest",tier="hot"}': 2,
    'cache_kind_hits_total{kind="package",tier="catalogue"}': 1,
    'cache_kind_misses_total{kind="file"}': 1,
  })
})

test('reports once for many requests, and not after the stop', async () => {
  const { memory, report, views } = open()
  const files = memory.of('file')
  for (let n = 0; n < 10; n += 1) files.count('hot')
  expect(views).toEqual([])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(views).toMatchObject([{ hits: { hot: 10 } }])
  files.count('hot')
  report.stop()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(views).toHaveLength(1)
})

test('without requests the hit rate is zero', () => {
  expect(open().report.view()).toMatchObject({ misses: 0, hitRate: 0, memory: { requests: 0, hitRate: 0, best: 0 } })
})
