import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import {
  type Comparison,
  checkOut,
  compareRuns,
  confirmedWorse,
  differenceToText,
  orderOf,
  type RunFigure,
  toRunFigure,
} from './lib/against.ts'
import { type Baselines, readBaselines, writeBaselines } from './lib/baselines.ts'
import { compare, toComparable, toStored, type Verdict, verdictToText } from './lib/compare.ts'
import { isSameMachine, machineToText, thisMachine } from './lib/machine.ts'
import { type Figure, type Row, rowToText, tableHead, toRow } from './lib/measurement.ts'
import { writeReport } from './lib/report/write-report.ts'
import { runSuite, type SuiteRun } from './lib/run-suite.ts'
import { withTable } from './lib/table.ts'
import { checkTargets, readKnownMisses } from './lib/targets.ts'

const usage = `npm run bench [-- SUITE …] [--json FILE] [--compare] [--save] [--table] [--report FILE]
       [--against REF [--rounds N]]
  SUITE      a folder of bench/, or the path of a benchmark.ts; all of bench/ when none is named
  --json     writes the rows to a file
  --compare  compares with the suite's baselines.json by blocks of both runs: a quick check. A regression that a second
             run confirms, or a scenario that is no longer measured, exits with 1
  --against  alternates runs of SUITE in this checkout and in the commit REF, N runs each (5), and compares them. A
             significant regression that as many further runs confirm, or a scenario that is no longer measured, exits
             with 1. Use this for verdicts. Build this checkout first
  --save     saves this run as the suite's baselines.json
  --table    writes the table in bench/README.md from all baselines.json; measures nothing by itself
  --report   writes a page of all figures with distributions, targets, references, history and a verdict: of the suites
             that are named as they are measured now, of the others as they were saved; measures nothing by itself
  --known-misses  the list of targets that may be missed, with reasons (bench/known-misses.json)

A missed target that is not listed there exits with 1.`

/** Runs suites in sequence and prints a line per figure; the exit code is 1 if anything failed. */
const folder = fileURLToPath(new URL('.', import.meta.url))
const machine = thisMachine()

interface NamedSuite {
  readonly name: string
  readonly address: URL
  readonly baselines: string
}

const toSuite = (file: string): NamedSuite => ({
  name: basename(dirname(file)),
  address: pathToFileURL(file),
  baselines: resolve(dirname(file), 'baselines.json'),
})

const allSuites = (): NamedSuite[] =>
  readdirSync(folder)
    .map((name) => resolve(folder, name, 'benchmark.ts'))
    .filter((file) => existsSync(file))
    .map(toSuite)

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    options: {
      json: { type: 'string' },
      compare: { type: 'boolean' },
      save: { type: 'boolean' },
      table: { type: 'boolean' },
      report: { type: 'string' },
      against: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      'known-misses': { type: 'string', default: resolve(folder, 'known-misses.json') },
      help: { type: 'boolean' },
    },
    allowPositionals: true,
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  const suites = allSuites()
  const chosen: NamedSuite[] = []
  for (const argument of positionals) {
    const suite = argument.endsWith('.ts') ? toSuite(resolve(argument)) : suites.find(({ name }) => name === argument)
    if (suite === undefined)
      throw new Error(`No suite ${argument}. The suites are: ${suites.map(({ name }) => name).join(', ')}.`)
    chosen.push(suite)
  }

  if (values.against !== undefined) return compareWith(values.against, chosen, Number(values.rounds))

  const problems: string[] = []
  const measured = new Map<string, readonly Figure[]>()
  const knownMisses = readKnownMisses(values['known-misses'])
  const isRun = values.compare || values.save || values.json !== undefined
  const onlyWrites = (values.table || values.report !== undefined) && chosen.length === 0 && !isRun
  if (!onlyWrites) {
    const rows: (Row & { suite: string })[] = []
    console.log(`${machineToText(machine)}\n${tableHead}`)
    for (const suite of chosen.length > 0 ? chosen : suites) {
      const { run, problem } = await measure(suite, values.compare ?? false)
      measured.set(suite.name, run.figures)
      for (const figure of run.figures) rows.push({ suite: suite.name, ...toRow(figure) })
      if (problem !== undefined) problems.push(`${suite.name}: ${problem}`)
      else if (values.save) save(suite, run)
    }
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
    const [met, missed] = [true, false].map((pass) => rows.filter((row) => row.pass === pass).length)
    console.log(`${rows.length} figures; ${met} meet their target, ${missed} miss it`)
    const targets = checkTargets(rows, knownMisses)
    for (const each of targets.known) console.log(`known miss: ${each}`)
    for (const each of targets.met) console.log(`met now: ${each}. If this lasts, remove it from known-misses.json`)
    problems.push(...targets.missed.map((each) => `${each}: misses its target`))
  }
  if (values.table) {
    const file = resolve(folder, 'README.md')
    const runs = new Map(suites.map(({ name, baselines }) => [name, readBaselines(baselines)]))
    writeFileSync(file, withTable(readFileSync(file, 'utf8'), runs))
  }
  if (values.report !== undefined) {
    const all = [...suites, ...chosen.filter(({ name }) => suites.every((suite) => suite.name !== name))]
    await writeReport({ file: values.report, suites: all, measured, machine, knownMisses, folder })
  }
  for (const problem of problems) console.error(problem)
  return problems.length === 0 ? 0 : 1
}

/** Alternates both checkouts. A suite that is missing or fails on either side is a failure. */
const compareWith = async (ref: string, chosen: readonly NamedSuite[], rounds: number): Promise<number> => {
  if (chosen.length === 0 || !Number.isInteger(rounds) || rounds < 1)
    throw new Error('--against needs the name of a suite and a positive integer of rounds.')
  console.log(`${machineToText(machine)}\ninstalling and building ${ref}`)
  const { folder: old, remove } = checkOut(ref)
  const problems: string[] = []
  try {
    for (const { name } of chosen) {
      const missing = new Set<string>()
      const worse = await confirmedWorse(async () => {
        const comparison = await runAlternating(name, old, rounds)
        for (const difference of comparison.differences) console.log(`  ${differenceToText(difference)}`)
        for (const scenario of comparison.missing) missing.add(scenario)
        return comparison
      })
      problems.push(...worse.map((each) => `${name}: worse in two comparisons: ${each}`))
      problems.push(...[...missing].map((scenario) => `${name}: no longer measured: ${scenario}`))
    }
  } finally {
    remove()
  }
  for (const problem of problems) console.error(problem)
  return problems.length === 0 ? 0 : 1
}

const runAlternating = async (name: string, old: string, rounds: number): Promise<Comparison> => {
  const runs: Record<'before' | 'now', RunFigure[][]> = { before: [], now: [] }
  for (const side of orderOf(rounds)) {
    const at = resolve(side === 'now' ? folder : resolve(old, 'bench'), name, 'benchmark.ts')
    const { figures, failure } = await runSuite(pathToFileURL(at), { onLine() {}, onFigure() {} })
    if (failure !== undefined) throw new Error(`${name}, ${side}: ${failure}`)
    runs[side].push(figures.map(toRunFigure))
    console.log(`  ${name}, ${side}: run ${runs[side].length} of ${rounds}`)
  }
  return compareRuns(runs.before, runs.now)
}

/** Runs a suite, and a second time if the comparison finds a regression: one that the second run does not show is chance. */
const measure = async (suite: NamedSuite, isCompared: boolean): Promise<{ run: SuiteRun; problem?: string }> => {
  let baselines: Baselines | undefined
  if (isCompared) {
    baselines = readBaselines(suite.baselines)
    if (baselines === undefined) console.log(`  ${suite.name} has no baselines.json: --save writes one`)
    else console.log(`  baselines of ${suite.name}: ${machineToText(baselines.machine)}`)
  }
  const run = await runOnce(suite, baselines)
  if (run.failure !== undefined) return { run, problem: run.failure }
  if (baselines === undefined) return { run }

  const gone = baselines.figures.filter(({ scenario }) => run.figures.every((figure) => figure.scenario !== scenario))
  if (gone.length > 0) return { run, problem: `no longer measured: ${gone.map(({ scenario }) => scenario).join('; ')}` }
  const worse = regressedIn(run, baselines)
  if (worse.length === 0) return { run }
  console.log(`  ${worse.length} regressed; running ${suite.name} again to rule out chance`)
  const second = await runOnce(suite, baselines)
  if (second.failure !== undefined) return { run, problem: second.failure }
  const again = new Set(regressedIn(second, baselines))
  const confirmed = worse.filter((each) => again.has(each))
  return confirmed.length === 0 ? { run: second } : { run, problem: `regressed in two runs: ${confirmed.join('; ')}` }
}

const runOnce = (suite: NamedSuite, baselines: Baselines | undefined): Promise<SuiteRun> =>
  runSuite(suite.address, {
    onLine: (line) => console.log(`  ${line}`),
    onFigure(figure) {
      console.log(rowToText(toRow(figure)))
      if (baselines !== undefined) console.log(`  ${verdictToText(verdictOf(figure, baselines))}`)
    },
  })

const verdictOf = (figure: Figure, { figures, machine: its }: Baselines): Verdict => {
  const before = figures.find(({ scenario }) => scenario === figure.scenario)
  if (before === undefined) return { kind: 'no baseline' }
  return compare(before.compared, toComparable(figure), { sameMachine: isSameMachine(its, machine) })
}

/** Returns each regression as `scenario (percentile)`. */
const regressedIn = ({ figures }: SuiteRun, baselines: Baselines): string[] =>
  figures.flatMap((figure) => {
    const verdict = verdictOf(figure, baselines)
    return verdict.kind === 'judged' ? verdict.worse.map((at) => `${figure.scenario} (${at})`) : []
  })

const save = ({ name, baselines }: NamedSuite, { figures }: SuiteRun): void => {
  writeBaselines(baselines, {
    v: 2,
    measuredOn: new Date().toISOString().slice(0, 10),
    command: `npm run bench -- ${name}`,
    machine,
    figures: figures.map(toStored),
  })
  console.log(`  ${name}: saved this run as baselines`)
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error(usage)
  process.exitCode = 1
}
