import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { counters, gauges, histograms, type Instrument } from './instruments.ts'
import { metricAliases } from './otel/metric-producer.ts'

const file = new URL('../../docs/telemetry.md', import.meta.url)

const rowsOf = (kind: string, instruments: Readonly<Record<string, Instrument>>): string[] =>
  Object.entries(instruments).map(
    ([name, { unit, description }]) => `| \`${name}\` | ${kind} | \`${unit}\` | ${description} |`,
  )

const table = [
  '| metric | kind | unit | meaning |',
  '| --- | --- | --- | --- |',
  ...rowsOf('sum', counters),
  ...rowsOf('histogram', histograms),
  ...rowsOf('gauge', gauges),
].join('\n')

const place = /(<!-- metrics:[^\n]*-->\n)[\s\S]*?(<!-- \/metrics -->)/

/** `UPDATE_DOCS=1` writes the table instead. */
test('docs/telemetry.md lists every metric', async () => {
  const text = await readFile(file, 'utf8')
  const expected = text.replace(place, `$1${table}\n$2`)
  if (process.env['UPDATE_DOCS'] !== undefined) await writeFile(file, expected)
  else expect(text).toBe(expected)
  for (const alias of Object.values(metricAliases)) expect(text).toContain(`\`${alias}\``)
})
