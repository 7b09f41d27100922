import type { CacheMemory, RequestCounts } from '../cache/cache-memory.ts'
import type { CacheFigures, CacheKind, CacheView } from '../contract/views.ts'

/** Shortest interval between two reports to the page (ms); people read no faster. */
const reportMs = 1_000

/** Hits, misses and hit rates of the cache, in total and for each kind of value. */
export interface CacheReport {
  view(): CacheView
  /** Marks the figures as changed; they are reported within a second. */
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
