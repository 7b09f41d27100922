import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { thisMachine } from './lib/machine.ts'

/** Tests the command with synthetic suites, so that the load of the machine does not decide what is a regression. */
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const suiteWith = (name: string, body: string): string => {
  const folder = join(mkdtempSync(join(tmpdir(), 'ggen-bench-')), name)
  folders.push(folder)
  mkdirSync(folder)
  const file = join(folder, 'benchmark.ts')
  writeFileSync(file, `export const suite = async function* (log) {\n${body}\n}\n`)
  return file
}

/** 40 samples of about 10 ms times `FACTOR`; `SEED` varies them. */
const noisy = `
  let state = Number(process.env.SEED)
  const samples = Array.from({ length: 40 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (10 + state / 2 ** 32) * Number(process.env.FACTOR)
  })
  yield { scenario: 'work', unit: 'ms', samples }`

const bench = (
  args: string[],
  environment: Record<string, string> = {},
): Promise<{ code: number | null; output: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('./run.ts', import.meta.url)), ...args], {
      env: { ...process.env, FACTOR: '1', SEED: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    child.on('close', (code) => resolve({ code, output }))
  })

test('a run 15 % slower than its baselines fails, and one of the same speed passes', async () => {
  const suite = suiteWith('synthetic', noisy)
  expect(await bench([suite, '--save'])).toMatchObject({ code: 0 })

  const same = await bench([suite, '--compare'], { SEED: '2' })
  expect(same.output).toContain('relative to the baseline p50')
  expect(same.code).toBe(0)

  const slower = await bench([suite, '--compare'], { SEED: '2', FACTOR: '1.15' })
  expect(slower.output).toContain('synthetic: regressed in two runs: work (p50)')
  expect(slower.code).toBe(1)
})

test('a slow run that a second one does not confirm passes', async () => {
  const flag = `${suiteWith('flag', '')}.seen`
  const suite = suiteWith(
    'chance',
    `const { existsSync, writeFileSync } = await import('node:fs')
  const isFirst = process.env.FACTOR !== '1' && !existsSync(${JSON.stringify(flag)})
  if (isFirst) writeFileSync(${JSON.stringify(flag)}, '')
  yield { scenario: 'work', unit: 'ms', samples: Array.from({ length: 20 }, (_, n) => (isFirst ? 20 : 10) + n / 20) }`,
  )
  await bench([suite, '--save'])
  const { code, output } = await bench([suite, '--compare'], { FACTOR: '2' })
  expect(output).toContain('WORSE (p50)')
  expect(code).toBe(0)
})

test('a comparison fails when a scenario of the baselines is no longer measured', async () => {
  const suite = suiteWith(
    'shrunk',
    `${noisy}\n  if (process.env.FACTOR === '1') yield { scenario: 'gone', unit: 'ms', samples }`,
  )
  await bench([suite, '--save'])
  expect(await bench([suite, '--compare'])).toMatchObject({ code: 0 })
  const { code, output } = await bench([suite, '--compare'], { FACTOR: '0.99' })
  expect(output).toContain('shrunk: no longer measured: gone')
  expect(code).toBe(1)
})

test('a missed target fails a run unless listed with a reason, and a listed one that is met is reported', async () => {
  const suite = suiteWith(
    'aims',
    `yield { scenario: 'work', unit: 'ms', samples: [Number(process.env.FACTOR)], target: 1 }`,
  )
  expect(await bench([suite])).toMatchObject({ code: 0 })
  expect(await bench([suite], { FACTOR: '2' })).toMatchObject({
    code: 1,
    output: expect.stringContaining('aims: work: misses its target'),
  })

  const list = `${suite}.json`
  const listed = (reason: string): void =>
    writeFileSync(list, JSON.stringify([{ suite: 'aims', scenario: 'work', reason }]))
  listed('Two cores.')
  expect(await bench([suite, '--known-misses', list], { FACTOR: '2' })).toMatchObject({
    code: 0,
    output: expect.stringContaining('known miss: aims: work: Two cores.'),
  })
  expect(await bench([suite, '--known-misses', list])).toMatchObject({
    code: 0,
    output: expect.stringContaining('met now: aims: work'),
  })
  listed('')
  expect(await bench([suite, '--known-misses', list], { FACTOR: '2' })).toMatchObject({ code: 1 })
})

test('baselines of version 1 are read, and too few to judge by', async () => {
  const suite = suiteWith('old', noisy)
  const row = { scenario: 'work', unit: 'ms', n: 40, p50: 1, p95: 1, p99: 1, mean: 1, target: null, pass: null }
  const compared = { unit: 'ms', higherIsBetter: false, exact: false, samples: new Array(40).fill(1) }
  const { cores, cpu, node } = thisMachine()
  const first = {
    v: 1,
    measuredOn: '2026-11-21',
    command: '',
    machine: { cores, cpu, node },
    figures: [{ ...row, compared }],
  }
  writeFileSync(suite.replace('benchmark.ts', 'baselines.json'), JSON.stringify(first))
  expect(await bench([suite, '--compare'])).toMatchObject({
    code: 0,
    output: expect.stringContaining('too few to decide'),
  })
})

test('missing baselines are reported', async () => {
  const { code, output } = await bench([suiteWith('new', noisy), '--compare'])
  expect(output).toContain('new has no baselines.json')
  expect(code).toBe(0)
})

test('a failing suite does not stop the others, and the exit code is 1', async () => {
  const [throwing, crashing, good] = [
    suiteWith('throwing', `${noisy}\n  throw new Error('out of order')`),
    suiteWith('crashing', 'process.exit(3)'),
    suiteWith('good', noisy),
  ]
  const json = `${good}.json`
  const { code, output } = await bench([throwing, crashing, good, '--json', json, '--save'])
  expect(code).toBe(1)
  expect(output).toContain('throwing: Error: out of order')
  expect(output).toContain('crashing: The suite’s process ended with 3.')
  const rows = JSON.parse(readFileSync(json, 'utf8'))
  expect(rows.map(({ suite }: { suite: string }) => suite)).toEqual(['throwing', 'good'])
  expect(rows[1]).toMatchObject({ scenario: 'work', unit: 'ms', n: 40, target: null, pass: null })
  // Unfinished runs are not saved.
  expect(() => readFileSync(throwing.replace('benchmark.ts', 'baselines.json'))).toThrow('ENOENT')
})

test('two figures with one name and an unknown suite are failures', async () => {
  const twice = await bench([suiteWith('twice', `${noisy}\n  yield { scenario: 'work', unit: 'ms', samples: [1] }`)])
  expect(twice).toMatchObject({ code: 1, output: expect.stringContaining('Two figures are named “work”') })
  const none = await bench(['no-such-suite'])
  expect(none).toMatchObject({ code: 1, output: expect.stringContaining('No suite no-such-suite') })
})

test('a report shows what was measured, and without a suite measures nothing', async () => {
  const suite = suiteWith('reported', noisy)
  const file = `${suite}.html`
  expect(await bench([suite, '--report', file])).toMatchObject({ code: 0 })
  const page = readFileSync(file, 'utf8')
  expect(page).toContain('<h2 id="suite-reported">reported</h2>')
  expect(page).toContain('Measured ')
  expect(page).toContain('<h2 id="suite-dht">dht</h2>')

  const { code, output } = await bench(['--report', file])
  expect(code).toBe(0)
  expect(output).not.toContain('figures;')
  expect(readFileSync(file, 'utf8')).not.toContain('Measured ')
})
