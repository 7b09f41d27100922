import { readFile } from 'node:fs/promises'
import { flushTelemetry, serviceOf, tabSpans, test } from './fixtures/collector.ts'
import { makePackage, textFile } from './fixtures/packages.ts'
import { engineUp } from './fixtures/peer.ts'
import { expect } from './fixtures/test.ts'

/** Documented, but of failures, of later starts and of what this browser does not tell. */
const notSeenHere = new Set([
  'announce identity',
  'announce retry',
  'announce skipped',
  'dht_put retry',
  'dht_put skipped',
  'install resumed',
  'peer_query refused',
  'worker_heap_bytes',
])

interface Documented {
  spans: Map<string, ReadonlySet<string>>
  events: Map<string, ReadonlySet<string>>
  metrics: ReadonlySet<string>
}

/** Reads `name` (attribute, attribute) wherever the text has it. */
const namesIn = (text: string): Map<string, ReadonlySet<string>> =>
  new Map(
    [...text.matchAll(/`([a-z_]+)`(?: \(([a-z_, ]+)\))?/g)].map(([, name = '', attributes = '']) => [
      name,
      new Set(attributes.split(', ').filter((each) => each !== '')),
    ]),
  )

const readDocument = async (): Promise<Documented> => {
  const text = await readFile(new URL('../docs/telemetry.md', import.meta.url), 'utf8')
  const [, spans = '', events = '', metrics = ''] =
    /\n## Spans\n[\s\S]*?\| --- \| --- \|\n([\s\S]*?)\n\n([\s\S]*?)\n## Metrics\n([\s\S]*)$/.exec(text) ?? []
  const firstCells = spans.split('\n').map((row) => row.split('|')[1] ?? '')
  return {
    spans: namesIn(firstCells.join('\n')),
    events: namesIn(/an event ([^.]*)/.exec(events)?.[1] ?? ''),
    metrics: new Set([...metrics.matchAll(/`((?!otel\.)[a-z]+[._][a-z0-9._]+)`/g)].map(([, name = '']) => name)),
  }
}

/** Names with attributes, one a line. */
const linesOf = (named: Iterable<[string, Iterable<string>]>): string[] =>
  [...new Set([...named].flatMap(([name, attributes]) => [name, ...[...attributes].map((each) => `${name} ${each}`)]))]
    .filter((line) => !notSeenHere.has(line))
    .sort()

test('what arrives at a collector is what docs/telemetry.md lists', async ({ join, collector }) => {
  const [a, b] = [await join(), await join()]
  for (const { page } of [a, b]) {
    await page.evaluate(() => window.ggen.setTelemetry({ export: true, ratio: 1 }))
    // The start of the network is traced too.
    await page.reload()
    await engineUp(page)
  }
  await expect.poll(async () => (await a.status()).directConnections).toBe(1)
  const { files } = makePackage('documented', '1.0.0', [textFile('a.txt', 'x'.repeat(300_000))])
  await a.publish(files, { dryRun: true })
  const { id } = await a.publish(files)
  await expect.poll(async () => (await b.search({ text: 'documented' })).total).toBe(1)
  await b.search({ text: 'documented', remote: true })
  await b.page.evaluate(async (id) => {
    await window.ggen.preview(id)
    await window.ggen.lookup(id)
    await window.ggen.lookup(`${id}-absent`)
    await window.ggen.install([id])
  }, id)

  const documented = await readDocument()
  const spans = (): string[] => linesOf(tabSpans(collector).map(({ name, fields }) => [name, Object.keys(fields)]))
  const events = (): string[] =>
    linesOf(
      tabSpans(collector).flatMap((span) =>
        span.events.map(({ name, attributes }): [string, string[]] => [name, attributes.map(({ key }) => key)]),
      ),
    )
  const metrics = (): string[] =>
    linesOf(
      collector.metrics
        .filter((metric) => serviceOf(metric) === 'ggen-marketplace')
        .map(({ name }): [string, string[]] => [name, []]),
    )
  const seen = () => ({ spans: spans(), events: events(), metrics: metrics() })
  await expect
    .poll(async () => {
      await Promise.all([a, b].map(({ page }) => flushTelemetry(page)))
      return seen()
    })
    .toEqual({
      spans: linesOf(documented.spans),
      events: linesOf(documented.events),
      metrics: linesOf([...documented.metrics].map((name): [string, string[]] => [name, []])),
    })
  for (const { resource } of tabSpans(collector))
    expect(Object.keys(resource).sort()).toEqual(['service.instance.id', 'service.name', 'service.version'])
  expect(collector.faults).toEqual([])
})
