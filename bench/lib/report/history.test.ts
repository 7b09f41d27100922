import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { writeBaselines } from '../baselines.ts'
import { toStored } from '../compare.ts'
import { readHistory } from './history.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const createRepository = () => {
  const folder = mkdtempSync(join(tmpdir(), 'ggen-history-'))
  folders.push(folder)
  const git = (...given: readonly string[]): string => execFileSync('git', given, { cwd: folder, encoding: 'utf8' })
  git('init', '--quiet')
  git('config', 'user.name', 'Test')
  git('config', 'user.email', 'test@example.org')
  const file = join(folder, 'baselines.json')
  const commit = (date: string): void => {
    git('add', '-A')
    execFileSync('git', ['commit', '--quiet', '--message', 'Figures'], {
      cwd: folder,
      env: { ...process.env, GIT_AUTHOR_DATE: `${date}T12:00:00Z`, GIT_COMMITTER_DATE: `${date}T12:00:00Z` },
    })
  }
  const save = (p50: number): void =>
    writeBaselines(file, {
      v: 2,
      measuredOn: '2026-11-30',
      command: '',
      machine: { cores: 2, cpu: 'Some CPU', node: 'v26.0.0' },
      figures: [toStored({ scenario: 'hit', unit: 'ms', samples: [p50] })],
    })
  return { folder, file, commit, save }
}

test('committed baselines are read, oldest first, without those that do not read', async () => {
  const { folder, file, commit, save } = createRepository()
  save(3)
  commit('2026-11-01')
  writeFileSync(file, 'no JSON')
  commit('2026-11-02')
  save(2)
  commit('2026-11-03')
  save(1)
  const history = await readHistory(file, folder)
  expect(history.map(({ date, baselines }) => [date, baselines.figures[0]?.p50])).toEqual([
    ['2026-11-01', 3],
    ['2026-11-03', 2],
  ])
})

test('only the latest twenty commits are read', async () => {
  const { folder, file, commit, save } = createRepository()
  for (let n = 1; n <= 22; n += 1) {
    save(n)
    commit(`2026-10-${String(n).padStart(2, '0')}`)
  }
  const history = await readHistory(file, folder)
  expect(history).toHaveLength(20)
  expect(history[0]?.date).toBe('2026-10-03')
})

test('a folder without a repository has no history', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ggen-history-'))
  folders.push(folder)
  expect(await readHistory(join(folder, 'baselines.json'), folder)).toEqual([])
})
