import { intervalToText, numberToText, type Row } from '../measurement.ts'
import { drawDistribution, drawHistory } from './figure-drawings.ts'
import { type Html, html, nothing } from './html.ts'
import type { Report, ReportRow, ReportSuite } from './report.ts'
import { type Scale, scaleFor } from './scale.ts'
import { style } from './style.ts'
import { isCritical, type Standing, type Verdict } from './verdict.ts'

export interface PageOptions {
  /** `2026-11-30`. */
  readonly date: string
  /** The commit that is checked out. */
  readonly commit: string | undefined
}

/** Renders the report as a self-contained page: inline styles and SVG, no scripts, no external resources. */
export const renderPage = (report: Report, { date, commit }: PageOptions): string => {
  const measured = report.suites.filter(({ rows }) => rows.length > 0)
  const missing = report.suites.filter(({ rows }) => rows.length === 0).map(({ name }) => name)
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Benchmarks: ${verdictNames[report.verdict]}</title>
<style>${{ markup: style }}</style>
</head>
<body>
<main>
<h1>Benchmarks of ggen marketplace</h1>
<p class="soft">Written ${date}${commit === undefined ? nothing : html`, commit ${commit}`}. Figures with a target are objectives.</p>
${renderVerdict(report)}
${renderOverview(measured)}
${missing.length === 0 ? nothing : html`<p class="soft">Not measured yet: ${missing.join(', ')}.</p>`}
${renderMisses(measured)}
${measured.map(renderSuite)}
</main>
</body>
</html>
`
  return page.markup
}

const verdictNames: Readonly<Record<Verdict, string>> = { pass: 'Pass', warning: 'Warning', fail: 'Fail' }

const standingNames: Readonly<Record<Standing, string>> = {
  none: '',
  met: 'met',
  close: 'missed, within 20 %',
  exceeded: 'missed',
  critical: 'missed, by a factor of two',
}

const rule =
  'Fail: an objective is missed by more than 20 %, or a critical one by a factor of two. Warning: one is missed by less.'

const renderVerdict = ({ verdict, verdictOnRest, suites }: Report): Html => {
  const rows = suites.flatMap((suite) => suite.rows)
  const count = (matches: (row: ReportRow) => boolean): number => rows.filter(matches).length
  const objectives = count(({ standing }) => standing !== 'none')
  const known = count(({ reason }) => reason !== undefined)
  const rest =
    known === 0
      ? nothing
      : html`<br>${known} missed ${known === 1 ? 'objective is' : 'objectives are'} known, with a reason; without ${known === 1 ? 'it' : 'them'}: ${verdictNames[verdictOnRest]}.`
  return html`<section class="verdict ${verdict}" aria-label="Verdict">
<strong>${verdictNames[verdict]}</strong>
<p>${count(({ standing }) => standing === 'met')} of ${objectives} objectives are met.${rest}<br><span class="soft">${rule}</span></p>
</section>`
}

const renderOverview = (suites: readonly ReportSuite[]): Html => {
  const rows = suites.map(({ name, origin, rows }) => {
    const of = (...wanted: readonly Standing[]): number => rows.filter((row) => wanted.includes(row.standing)).length
    return html`<tr><th scope="row"><a href="#${anchorOf(name)}">${name}</a></th><td class="number">${rows.length}</td><td class="number">${of('met')}</td><td class="number">${of('close')}</td><td class="number">${of('exceeded', 'critical')}</td><td class="line">${origin}</td></tr>`
  })
  return table(
    'Overview of the suites',
    html`<thead><tr><th scope="col">Suite</th>${['Figures', 'Objectives met', 'Missed, within 20 %', 'Missed'].map((name) => html`<th scope="col" class="number">${name}</th>`)}<th scope="col">Measured</th></tr></thead><tbody>${rows}</tbody>`,
  )
}

const renderMisses = (suites: readonly ReportSuite[]): Html => {
  const missed = suites.flatMap(({ name, rows }) =>
    rows.filter(({ standing }) => standing !== 'none' && standing !== 'met').map((each) => ({ name, each })),
  )
  if (missed.length === 0) return nothing
  const rows = missed.map(
    ({ name, each }) =>
      html`<tr><th scope="row">${each.row.scenario}</th><td><a href="#${anchorOf(name)}">${name}</a></td><td class="number">${reachedText(each.row)}</td><td class="number">${renderTarget(name, each.row)}</td><td>${badge(each)}</td><td class="text">${each.reason ?? 'Not listed as known.'}</td></tr>`,
  )
  return html`<h2>Missed objectives</h2>${table(
    'Missed objectives, with the reasons of those that are known',
    html`<thead><tr><th scope="col">Scenario</th><th scope="col">Suite</th><th scope="col" class="number">Reached</th><th scope="col" class="number">Target</th><th scope="col">Objective</th><th scope="col">Reason</th></tr></thead><tbody>${rows}</tbody>`,
  )}`
}

const renderSuite = ({ name, origin, rows }: ReportSuite): Html => {
  const scaleByUnit = new Map([...new Set(rows.map(({ row }) => row.unit))].map((unit) => [unit, scaleOf(rows, unit)]))
  const columns = {
    hasCompared: rows.some(({ row }) => row.against !== undefined || row.interval !== undefined),
    hasHistory: rows.some(({ history }) => history.length > 1),
  }
  return html`<h2 id="${anchorOf(name)}">${name}</h2>
<p class="soft">${origin}</p>
${legend}
${table(
  `Figures of ${name}. Drawings of one unit share a scale; each line is a power of ten.`,
  html`<thead><tr><th scope="col">Scenario</th><th scope="col">Distribution</th><th scope="col">Unit</th>${['n', 'p50', 'p95', 'p99', 'Target'].map((each) => html`<th scope="col" class="number">${each}</th>`)}<th scope="col">Objective</th>${columns.hasCompared ? html`<th scope="col">Compared with</th>` : nothing}${columns.hasHistory ? html`<th scope="col">History</th>` : nothing}</tr></thead><tbody>${rows.map((each) => renderRow(name, each, scaleByUnit.get(each.row.unit) ?? scaleFor([]), columns))}</tbody>`,
)}`
}

interface Columns {
  readonly hasCompared: boolean
  readonly hasHistory: boolean
}

const renderRow = (suite: string, each: ReportRow, scale: Scale, { hasCompared, hasHistory }: Columns): Html => {
  const { row, history } = each
  const figures = [row.p50, row.p95, row.p99].map((value) => html`<td class="number">${numberToText(value)}</td>`)
  return html`<tr><th scope="row">${row.scenario}</th><td>${drawDistribution(each, scale)}</td><td>${row.unit}</td><td class="number">${row.n}</td>${figures}<td class="number">${renderTarget(suite, row)}</td><td>${badge(each)}</td>${hasCompared ? html`<td class="text">${comparedText(row)}</td>` : nothing}${hasHistory ? html`<td>${renderHistory(history)}</td>` : nothing}</tr>`
}

const scaleOf = (rows: readonly ReportRow[], unit: string): Scale =>
  scaleFor(
    rows
      .filter(({ row }) => row.unit === unit)
      .flatMap(({ row }) => [
        ...[row.p50, row.p99],
        ...(row.interval === undefined ? [] : [row.interval.low, row.interval.high]),
        ...(row.target === null || row.target === 0 ? [] : [row.target]),
        ...(row.against?.unit === unit ? [row.against.p50] : []),
      ]),
  )

const renderHistory = (history: ReportRow['history']): Html => {
  if (history.length < 2) return nothing
  const words = history.map(({ date, value }) => `${date}: ${numberToText(value)}`).join('; ')
  return html`${drawHistory(history.map(({ value }) => value))}<span class="hidden">${words}</span>`
}

const badge = ({ standing, reason }: ReportRow): Html => {
  if (standing === 'none') return nothing
  return html`<span class="badge ${standing}">${standingNames[standing]}</span>${reason === undefined ? nothing : html`<span class="reason">Known</span>`}`
}

const reachedText = (row: Row): string => `${numberToText(row[row.targetAt ?? 'p50'])} ${row.unit}`

const renderTarget = (suite: string, { scenario, target, targetAt, unit }: Row): Html => {
  if (target === null) return nothing
  const critical = isCritical({ suite, scenario }) ? html`<span class="reason">critical</span>` : nothing
  return html`${target} ${unit}${targetAt === undefined ? '' : ` (${targetAt})`}${critical}`
}

const comparedText = ({ against, interval, unit, p50 }: Row): string => {
  if (against !== undefined) {
    const figures = [against.p50, against.p95, against.p99].map(numberToText).join(' / ')
    const ratio = against.unit === unit && against.p50 !== 0 ? `; ours: × ${numberToText(p50 / against.p50)}` : ''
    return `${against.name}: ${figures} ${against.unit}${ratio}`
  }
  return interval === undefined ? '' : `95 % CI: ${intervalToText(interval)} ${unit}`
}

/** A table that scrolls sideways on a narrow screen, by keyboard too. */
const table = (caption: string, content: Html): Html =>
  html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table><caption>${caption}</caption>${content}</table></div>`

const anchorOf = (suite: string): string => `suite-${suite.replaceAll(/[^A-Za-z0-9-]/g, '-')}`

const sample = (content: Html): Html =>
  html`<svg width="26" height="14" viewBox="0 0 26 14" aria-hidden="true">${content}</svg>`

const legend = html`<ul class="legend"><li>${sample(html`<circle class="median" cx="13" cy="7" r="3.5"/>`)}p50</li><li>${sample(html`<path class="body" d="M2 7H24"/>`)}to p95</li><li>${sample(html`<path class="tail" d="M2 7H24"/>`)}to p99</li><li>${sample(html`<path class="histogram" d="M2 14V9h7V3h7v6h8v5z"/>`)}samples</li><li>${sample(html`<circle class="block" cx="8" cy="7" r="1.5"/><circle class="block" cx="16" cy="7" r="1.5"/>`)}medians of parts of a run</li><li>${sample(html`<path class="target" d="M13 1V13m-3.5 0h7"/>`)}target</li><li>${sample(html`<rect class="reference" x="-3.5" y="-3.5" width="7" height="7" transform="translate(13 7) rotate(45)"/>`)}p50 of the reference</li></ul>`
