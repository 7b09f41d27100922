import type { Baselines } from './baselines.ts'
import { machineToText } from './machine.ts'
import { intervalToText, numberToText, type Row } from './measurement.ts'

const start = '<!-- figures: written by `npm run bench -- --table` -->'
const end = '<!-- /figures -->'

/** Inserts all figures between the two marks of a text; throws if the marks are missing. */
export const withTable = (text: string, runBySuite: ReadonlyMap<string, Baselines | undefined>): string => {
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`The lines ${start} and ${end} are missing.`)
  return `${text.slice(0, from)}${start}\n${toTable(runBySuite)}\n${text.slice(to)}`
}

const toTable = (runBySuite: ReadonlyMap<string, Baselines | undefined>): string => {
  const runs = [...runBySuite].flatMap(([suite, run]) => (run === undefined ? [] : [{ suite, run }]))
  const missing = [...runBySuite].filter(([, run]) => run === undefined).map(([suite]) => suite)
  const lines = runs.map(
    ({ suite, run }) => `- \`${suite}\`: ${machineToText(run.machine)}, ${run.measuredOn}, \`${run.command}\``,
  )
  if (missing.length > 0) lines.push(`- Not measured: ${missing.join(', ')}.`)
  const rows = runs.flatMap(({ suite, run }) => run.figures.map((figure) => toLine(suite, figure)))
  if (rows.length > 0) {
    lines.push('', '| suite | scenario | unit | n | p50 | p95 | p99 | target | pass | against |')
    lines.push('| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |', ...rows)
  }
  return lines.join('\n')
}

const toLine = (suite: string, row: Row): string => {
  const { against: reference, interval } = row
  const target = row.target === null ? '' : `${row.target}${row.targetAt === undefined ? '' : ` (${row.targetAt})`}`
  const against =
    reference === undefined
      ? interval === undefined
        ? ''
        : `95 % CI ${intervalToText(interval)} ${row.unit}`
      : `${reference.name}: ${[reference.p50, reference.p95, reference.p99].map(numberToText).join(' / ')} ${reference.unit}`
  const cells = [
    ...[suite, row.scenario, row.unit, String(row.n), ...[row.p50, row.p95, row.p99].map(numberToText)],
    ...[target, row.pass === null ? '' : row.pass ? 'yes' : '**no**', against],
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
