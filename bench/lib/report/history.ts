import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Baselines, parseBaselines } from '../baselines.ts'

/** A saved run, with the date of the commit that saved it (`2026-11-30`). */
export interface PastRun {
  readonly date: string
  readonly baselines: Baselines
}

/** Commits that are read per suite: a year of monthly figures, and some. */
const maxCommits = 20
const maxBytes = 16 * 1024 * 1024
const timeoutMs = 20_000

const run = promisify(execFile)

/** Reads the baselines that were committed before, oldest first; none outside a repository. */
export const readHistory = async (file: string, folder: string): Promise<PastRun[]> => {
  const git = async (...given: readonly string[]): Promise<string> =>
    (await run('git', given, { cwd: folder, maxBuffer: maxBytes, timeout: timeoutMs })).stdout
  try {
    const log = await git('log', `--max-count=${maxCommits}`, '--format=%H %cs', '--', file)
    const path = (await git('ls-files', '--full-name', '--', file)).trim()
    const commits = log.split('\n').filter(Boolean).reverse()
    const runs: PastRun[] = []
    for (const commit of commits) {
      const [hash = '', date = ''] = commit.split(' ')
      // A commit may have removed the file, or saved one that no longer reads.
      const baselines = await git('show', `${hash}:${path}`)
        .then((text) => parseBaselines(text, file))
        .catch(() => undefined)
      if (baselines !== undefined) runs.push({ date, baselines })
    }
    return runs
  } catch {
    return []
  }
}
