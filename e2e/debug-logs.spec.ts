import { expect, test } from './fixtures/test.ts'

test('?debug= writes the worker’s logs of the named rooms to the console', async ({ context, relay }) => {
  const lines: string[] = []
  context.on('console', (message) => lines.push(message.text()))
  const page = await context.newPage()
  await page.goto(`${relay.page}/?debug=net`)
  await expect.poll(() => lines.some((line) => / debug net relay reserved relay=12D3Koo\w+$/.test(line))).toBe(true)
  const rooms = new Set(lines.flatMap((line) => /^\d{4}-\S+Z debug (\w+) /.exec(line)?.[1] ?? []))
  expect([...rooms]).toEqual(['net'])
})

test('without ?debug= the console has no logs', async ({ context, relay }) => {
  const lines: string[] = []
  context.on('console', (message) => lines.push(message.text()))
  const page = await context.newPage()
  await page.goto(relay.page)
  await expect(page.getByRole('main')).toBeVisible()
  await expect.poll(() => page.evaluate(async () => (await window.ggen.status()).relays[0]?.reserved)).toBe(true)
  expect(lines.filter((line) => line.includes(' debug '))).toEqual([])
})

test('the page’s scripts have source maps', async ({ request, relay }) => {
  const index = await (await request.get(relay.page)).text()
  const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(index) ?? []
  expect(await (await request.get(`${relay.page}${script}`)).text()).toMatch(/\/\/# sourceMappingURL=\S+\.js\.map\s*$/)
  const map = await request.get(`${relay.page}${script}.map`)
  expect(map.headers()['content-type']).toContain('application/json')
  expect((await map.json()).sources.length).toBeGreaterThan(0)
})
