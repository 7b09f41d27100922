import type { CacheMemory, RequestCounts } from '../cache/cache-memory.ts'
import type { CacheFigures, CacheKind, CacheView } from '../contract/views.ts'

/** The page receives new figures at most this often (ms): nobody reads faster. */
const reportMs = 1_000

/** What the cache answered, and how well, over all kinds of values and for each. */
export interface CacheReport {
  view(): CacheView
  /** The figures have changed: they are reported within a second. */
  changed(): void
  stop(): void
}

export interface CacheReportDependencies {
  memory: Pick<CacheMemory<CacheKind>, 'stats'>
  onChange(view: CacheView): void
}

export const createCacheReport = ({ memory, onChange }: CacheReportDependencies): CacheReport => {
  let timer: ReturnType<typeof setTimeout> | undefined

  const view = (): CacheView => {
    const { requests, window } = memory.stats()
    const { package: packages, manifest, file } = requests
    return {
      ...toFigures([packages, manifest, file]),
      kinds: { package: toFigures([packages]), manifest: toFigures([manifest]), file: toFigures([file]) },
      memory: { requests: window.requests, hitRate: window.live, best: window.best },
    }
  }

  return {
    view,
    changed() {
      timer ??= setTimeout(() => {
        timer = undefined
        onChange(view())
      }, reportMs)
    },
    stop: () => clearTimeout(timer),
  }
}

const toFigures = (counts: readonly RequestCounts[]): CacheFigures => {
  const sum = (key: keyof RequestCounts): number => counts.reduce((total, each) => total + each[key], 0)
  const hits = { hot: sum('hot'), warm: sum('warm'), cold: sum('cold'), catalogue: sum('known') }
  const misses = sum('missed')
  const here = hits.hot + hits.warm + hits.cold + hits.catalogue
  return { hits, misses, hitRate: here + misses === 0 ? 0 : here / (here + misses) }
}
