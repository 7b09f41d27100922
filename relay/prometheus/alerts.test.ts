import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { counters, histograms } from '../../workers/telemetry/instruments.ts'
import { hasPromtool } from '../telemetry/fixtures/promtool.ts'
import { pageFigures } from '../telemetry/page-figures.ts'
import { relayFigures } from '../telemetry/relay-figures.ts'

interface Rule {
  alert?: string
  record?: string
  expr: string
  annotations?: { summary: string }
}

const file = join(import.meta.dirname, 'alerts.yml')
const { groups } = parse(readFileSync(file, 'utf8')) as { groups: { rules: Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)

/** Nodes of an expression, by their name in the grammar of Prometheus. */
const nodesOf = (expression: string, wanted: string): string[] => {
  const found: string[] = []
  parser.parse(expression).iterate({
    enter({ name, type, from, to }) {
      if (name === wanted || (wanted === 'error' && type.isError)) found.push(expression.slice(from, to))
    },
  })
  return found
}

/** The name that Prometheus gives to a metric that it receives by OTLP. */
const byOtlp = (name: string, unit: string): string => (unit === 'ms' ? `${name}_milliseconds` : name)

const known = new Set([
  ...Object.keys(pageFigures),
  ...Object.keys(relayFigures),
  ...[...Object.entries(counters), ...Object.entries(histograms)].map(([name, { unit }]) => byOtlp(name, unit)),
  ...rules.flatMap(({ record }) => record ?? []),
])

describe('Prometheus rules', () => {
  it.each(rules.map((rule) => [rule.alert ?? rule.record, rule] as const))('%s is PromQL', (_name, { expr }) => {
    expect(nodesOf(expr, 'error')).toEqual([])
  })

  it.each(rules.map((rule) => [rule.alert ?? rule.record, rule] as const))(
    '%s uses metrics that exist',
    (_name, { expr }) => {
      const names = nodesOf(expr, 'Identifier').filter((name) => !/^(signal|outcome)$/.test(name))
      expect(names.length).toBeGreaterThan(0)
      expect(names.filter((name) => !known.has(name))).toEqual([])
    },
  )

  it.each([
    ['GgenSearchSlow', 'ggen:search_duration_milliseconds:p95_1h > 150'],
    ['GgenDhtLookupSlow', 'ggen:dht_lookup_duration_milliseconds:p95_1h > 800'],
    ['GgenCacheHitRateLow', 'ggen:cache_hits:ratio_1h < 0.7'],
    ['GgenInstallSlow', 'ggen:install_duration_milliseconds:p95_1h > 3000'],
  ])('%s has the limit of its objective', (name, limit) => {
    const alert = rules.find((rule) => rule.alert === name)
    expect(alert?.expr).toContain(limit)
    expect(alert?.annotations?.summary).toBeDefined()
  })

  it('refuses what is no PromQL', () => {
    expect(nodesOf('sum(rate(a[1h])', 'error')).not.toEqual([])
  })

  it.runIf(hasPromtool())('passes the check of Prometheus itself', () => {
    expect(execFileSync('promtool', ['check', 'rules', file], { encoding: 'utf8' })).toContain('SUCCESS')
  })
})
