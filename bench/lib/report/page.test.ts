import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Baselines } from '../baselines.ts'
import { toStored } from '../compare.ts'
import type { Figure } from '../measurement.ts'
import { html } from './html.ts'
import { renderPage } from './page.ts'
import { type SuiteFigures, toReport } from './report.ts'
import { scaleFor } from './scale.ts'

const machine = { cores: 2, cpu: 'Some CPU', node: 'v26.0.0' }
const options = { date: '2026-11-30', commit: 'abc1234' }

const saved = (...figures: Figure[]): Baselines => ({
  v: 2,
  measuredOn: '2026-11-29',
  command: 'npm run bench -- a',
  machine,
  figures: figures.map(toStored),
})

const hit: Figure = { scenario: 'hit', unit: 'ms', samples: [1, 2, 3, 4], target: 3, targetAt: 'p95' }
const bulk: Figure = {
  scenario: 'bulk',
  unit: 'MB/s',
  samples: [12, 13],
  target: 10,
  against: { name: 'raw', unit: 'MB/s', p50: 24, p95: 25, p99: 26 },
}

const page = (suites: readonly SuiteFigures[], knownMisses: Parameters<typeof toReport>[1] = []): string =>
  renderPage(toReport(suites, knownMisses), options)

test('measured and saved suites are shown with figures, targets, references and the machine', () => {
  const text = page([
    { name: 'a', measured: { figures: [hit], date: '2026-11-30', machine }, history: [] },
    { name: 'b', saved: saved(bulk), history: [] },
    { name: 'c', history: [] },
  ])
  expect(text).toContain('Measured 2026-11-30 on 2 cores of Some CPU, Node v26.0.0.')
  expect(text).toContain('Saved 2026-11-29, measured on 2 cores of Some CPU')
  expect(text).toContain('raw: 24.0 / 25.0 / 26.0 MB/s; ours: × 0.500')
  expect(text).toContain('3 ms (p95)')
  expect(text).toContain('Not measured yet: c.')
  expect(text).toContain('1 of 2 objectives are met.')
})

test('samples of a run become a histogram, and a saved run has the medians of its parts', () => {
  const run = page([{ name: 'a', measured: { figures: [hit], date: '2026-11-30', machine }, history: [] }])
  const before = page([{ name: 'a', saved: saved(hit), history: [] }])
  const rowsOf = (text: string): string => text.slice(text.indexOf('<th scope="row">hit</th><td><svg'))
  expect(rowsOf(run)).toContain('class="histogram"')
  expect(rowsOf(run)).not.toContain('class="block"')
  expect(rowsOf(before)).toContain('class="block"')
  expect(rowsOf(before)).not.toContain('class="histogram"')
})

test('the verdict counts known misses, and says what it would be without them', () => {
  const suites = [{ name: 'a', saved: saved({ ...hit, target: 1 }, bulk), history: [] }]
  const unknown = toReport(suites, [])
  expect([unknown.verdict, unknown.verdictOnRest]).toEqual(['fail', 'fail'])
  const known = toReport(suites, [{ suite: 'a', scenario: 'hit', reason: 'Two cores.' }])
  expect([known.verdict, known.verdictOnRest]).toEqual(['fail', 'pass'])
  const text = page(suites, [{ suite: 'a', scenario: 'hit', reason: 'Two cores.' }])
  expect(text).toContain('Two cores.')
  expect(text).toContain('without it: Pass.')
})

test('history has earlier runs at the percentile of the target, and this run once', () => {
  const earlier = { ...hit, samples: [5, 6] }
  const history = [
    { date: '2026-11-01', baselines: saved(earlier) },
    { date: '2026-11-29', baselines: saved(hit) },
  ]
  const valuesOf = (suite: SuiteFigures): number[] =>
    toReport([suite], []).suites.flatMap(({ rows }) => rows.flatMap((row) => row.history.map(({ value }) => value)))
  expect(valuesOf({ name: 'a', saved: saved(hit), history })).toEqual([6, 4])
  const now = { ...hit, samples: [7, 8] }
  expect(valuesOf({ name: 'a', measured: { figures: [now], date: '2026-11-30', machine }, history })).toEqual([6, 4, 8])
  expect(page([{ name: 'a', saved: saved(hit), history }])).toContain('2026-11-01: 6.00; 2026-11-29: 4.00')
})

test('the page loads nothing', () => {
  const text = page([{ name: 'a', saved: saved(hit, bulk), history: [] }])
  expect(text).not.toMatch(/<script|<link|<img|url\(|@import|(src|href)="(?!#)/)
})

test('no text becomes markup', () => {
  const hostile = '"><script>alert(1)</script><svg onload=x>\' & \u0000'
  const text = page(
    [
      {
        name: hostile,
        saved: saved({
          ...hit,
          scenario: hostile,
          target: 1,
          against: { name: hostile, unit: hostile, p50: 1, p95: 1, p99: 1 },
        }),
        history: [],
      },
      { name: `${hostile} missing`, history: [] },
    ],
    [{ suite: hostile, scenario: hostile, reason: hostile }],
  )
  expect(text).not.toContain('<script')
  expect(text).not.toContain('onload=x>')
  expect(text).not.toContain('\u0000')
})

test('escaped texts read as before and contain no markup', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { markup } = html`<b title="${text}">${text}</b>`
      const inside = markup.slice('<b title="'.length, -'</b>'.length)
      expect(inside.replace('">', '')).not.toMatch(/[<>"']/)
    }),
  )
  expect(html`${'a & b < c'}`.markup).toBe('a &amp; b &lt; c')
})

test('figures without samples, of one value, zero or negative are drawn without NaN', () => {
  const odd: Figure[] = [
    { scenario: 'none', unit: 'ms', samples: [], target: 1 },
    { scenario: 'one', unit: 'ms', samples: [5] },
    { scenario: 'zero', unit: 'B', samples: [0, 0], target: 0 },
    { scenario: 'negative', unit: '%', samples: [-2], target: 10, interval: { low: -5, high: 1 } },
    { scenario: 'all the same', unit: 'x', samples: [3, 3, 3] },
  ]
  const text = page([{ name: 'a', measured: { figures: odd, date: '2026-11-30', machine }, history: [] }])
  expect(text).not.toMatch(/NaN|Infinity|undefined/)
  expect(text).toContain('95 % CI: -5.00 to 1.00 %')
})

test('a scale keeps the order of values and stays between 0 and 1', () => {
  const values = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(values, (some) => {
      const { position } = scaleFor(some)
      const positions = some.toSorted((a, b) => a - b).map(position)
      for (const [at, each] of positions.entries()) {
        expect(each).toBeGreaterThanOrEqual(positions[at - 1] ?? 0)
        expect(each).toBeLessThanOrEqual(1)
      }
    }),
  )
  expect(scaleFor([]).position(3)).toBe(0)
  expect(scaleFor([0.5, 2_000]).lines).toEqual([1, 10, 100, 1_000])
})
