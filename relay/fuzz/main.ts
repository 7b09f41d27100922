import { parseArgs } from 'node:util'
import { fuzz, problems } from './fuzz.ts'

/** `npm run fuzz -- --cases 100000 --seed 1`: misuses every port that many times; exits with 1 on a problem. */
const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    parallel: { type: 'string', default: '24' },
  },
})
const [cases, seed, parallel] = [values.cases, values.seed, values.parallel].map(Number)
if (![cases, seed, parallel].every(Number.isSafeInteger))
  throw new Error('--cases, --seed and --parallel must be integers.')

const started = performance.now()
const seconds = (): string => `${((performance.now() - started) / 1_000).toFixed(0)} s`
const result = await fuzz({
  cases: cases ?? 0,
  seed: seed ?? 0,
  parallel: parallel ?? 0,
  onProgress: (done) => {
    if (done % 10_000 === 0) console.log(`${done} cases after ${seconds()}`)
  },
})
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
for (const [kind, count] of Object.entries(result.kinds).toSorted()) console.log(`${String(count).padStart(7)} ${kind}`)
for (const [name, { before, after }] of [
  ['attacked', result.attacked],
  ['control', result.control],
] as const)
  console.log(
    `${name}: held ${megabytes(before.held)} before, ${megabytes(after.held)} after; ${after.sockets} sockets and ${after.connections} connections remain; ${after.faults} errors reached the process`,
  )
const found = problems(result, cases ?? 0)
for (const problem of found) console.error(problem)
console.log(`${result.cases} cases, seed ${seed}, in ${seconds()}: ${found.length === 0 ? 'passed' : 'failed'}`)
process.exit(found.length === 0 ? 0 : 1)
