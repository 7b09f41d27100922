import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { readBaselines } from '../baselines.ts'
import type { Machine } from '../machine.ts'
import type { Figure } from '../measurement.ts'
import type { KnownMiss } from '../targets.ts'
import { readHistory } from './history.ts'
import { renderPage } from './page.ts'
import { toReport } from './report.ts'

export interface ReportOptions {
  readonly file: string
  /** All suites, with the files of their baselines. */
  readonly suites: readonly { readonly name: string; readonly baselines: string }[]
  /** Figures of the suites that were measured in this run; the others are shown as they were saved. */
  readonly measured: ReadonlyMap<string, readonly Figure[]>
  readonly machine: Machine
  readonly knownMisses: readonly KnownMiss[]
  /** A folder of the repository that has the history. */
  readonly folder: string
}

/** Writes the page of all suites. */
export const writeReport = async (options: ReportOptions): Promise<void> => {
  const { file, suites, measured, machine, knownMisses, folder } = options
  const date = new Date().toISOString().slice(0, 10)
  const figures = await Promise.all(
    suites.map(async ({ name, baselines }) => {
      const now = measured.get(name)
      return {
        name,
        saved: readBaselines(baselines),
        history: await readHistory(baselines, folder),
        ...(now === undefined ? {} : { measured: { figures: now, date, machine } }),
      }
    }),
  )
  writeFileSync(file, renderPage(toReport(figures, knownMisses), { date, commit: commitOf(folder) }))
}

/** The short hash of the checked out commit; undefined outside a repository. */
const commitOf = (folder: string): string | undefined => {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: folder, encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}
