import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureChromium } from './chromium.ts'

/**
 * Runs lint, types, unit tests, tests in Chromium, the build and end-to-end tests, each even when an earlier one failed.
 * Ends with a line `N passed, N failed, N skipped`, which counts tests, and lint, types and build as one each.
 */
interface Tally {
  passed: number
  failed: number
  skipped: number
}

const results = mkdtempSync(join(tmpdir(), 'ggen-test-'))
const total: Tally = { passed: 0, failed: 0, skipped: 0 }
const failures: string[] = []

const run = (command: string, args: string[], environment: Record<string, string> = {}): boolean => {
  console.log(`\n> ${command} ${args.join(' ')}`)
  return spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...environment } }).status === 0
}

const step = (name: string, command: string, args: string[]): void => {
  const ok = run(command, args)
  add(name, { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 })
}

const add = (name: string, tally: Tally): void => {
  total.passed += tally.passed
  total.failed += tally.failed
  total.skipped += tally.skipped
  if (tally.failed > 0) failures.push(`${name} (${tally.failed})`)
}

/** A suite that fails without a failed test (a crash, no report) counts as one failure. */
const tallyOf = (ok: boolean, read: () => Tally): Tally => {
  try {
    const tally = read()
    return ok || tally.failed > 0 ? tally : { ...tally, failed: 1 }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

const vitest = (project: string): void => {
  const file = join(results, `${project}.json`)
  const ok = run('vitest', [
    ...['run', '-c', 'workers/vitest.config.ts', '--project', project],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
  ])
  add(
    `vitest ${project}`,
    tallyOf(ok, () => {
      const report = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>
      const { numPassedTests: passed = 0, numFailedTests: failed = 0, numPendingTests: skipped = 0 } = report
      return { passed, failed, skipped }
    }),
  )
}

const playwright = (): void => {
  const file = join(results, 'e2e.json')
  const ok = run('playwright', ['test', '-c', 'e2e/playwright.config.ts', '--reporter=list,json'], {
    PLAYWRIGHT_JSON_OUTPUT_FILE: file,
  })
  add(
    'end-to-end',
    tallyOf(ok, () => {
      const { stats } = JSON.parse(readFileSync(file, 'utf8')) as { stats: Record<string, number> }
      const { expected: passed = 0, unexpected = 0, flaky = 0, skipped = 0 } = stats
      return { passed, failed: unexpected + flaky, skipped }
    }),
  )
}

try {
  ensureChromium()
  step('lint', 'npm', ['run', '--silent', 'lint'])
  step('types', 'node', ['scripts/types.ts'])
  vitest('node')
  vitest('web')
  step('build', 'vite', ['build', '--logLevel', 'warn'])
  playwright()
} finally {
  rmSync(results, { recursive: true, force: true })
}

if (failures.length > 0) console.log(`\nFailed: ${failures.join(', ')}`)
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1
