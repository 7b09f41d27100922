import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Row, rowToText, type Suite, toRow } from './lib/measurement.ts'

/** `npm run bench [-- SUITE] [--json FILE]`: runs all suites, or one, prints a line a figure, and writes the rows. */
const folder = new URL('.', import.meta.url)
const suites = readdirSync(folder).filter((name) => existsSync(new URL(`${name}/benchmark.ts`, folder)))

const { values, positionals } = parseArgs({ options: { json: { type: 'string' } }, allowPositionals: true })
const unknown = positionals.filter((name) => !suites.includes(name))
if (unknown.length > 0) {
  console.error(`No suite ${unknown.join(', ')}. There are: ${suites.join(', ')}.`)
  process.exit(1)
}

const rows: Row[] = []
console.log(`${'scenario'.padEnd(44)} unit  n         p50     p95     p99`)
for (const name of positionals.length > 0 ? positionals : suites) {
  const { suite } = (await import(`./${name}/benchmark.ts`)) as { suite: Suite }
  for await (const figure of suite((line) => console.log(`  ${line}`))) {
    const row = toRow(figure)
    rows.push(row)
    console.log(rowToText(row))
  }
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
