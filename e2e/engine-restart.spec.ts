import type { Page } from '@playwright/test'
import { install, publish } from './fixtures/outcomes.ts'
import { engineUp } from './fixtures/peer.ts'
import { expect, test } from './fixtures/test.ts'

/** Blocks the worker of a page forever. */
const hang = (page: Page): void => {
  const [worker] = page.workers()
  if (worker === undefined) throw new Error('The page has no worker.')
  worker
    .evaluate(() => {
      for (;;);
    })
    .catch(() => {})
}

const files = (slug: string) => [
  { path: 'package.toml', text: `[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "The ${slug}"\n` },
  { path: 'a.txt', text: slug },
]

test('a stuck engine is restarted, all tabs report it, and pending commands are completed', async ({ join }) => {
  const [other, leader] = [await join(), await join()]
  const follower = await leader.context.newPage()
  await follower.goto(leader.page.url())
  await engineUp(follower)
  const published = await publish(other.page, files('there'))
  if (published.failed) throw new Error(published.message)
  await expect.poll(async () => (await leader.search({ text: 'there' })).total).toBe(1)

  await leader.page.evaluate(() => {
    const seen: string[] = []
    Object.assign(window, { seen })
    window.ggen.subscribe((batch) => {
      for (const update of batch)
        if (update.kind === 'status')
          seen.push(`${update.status.directConnections} ${update.status.steps.direct.reason?.code}`)
    })
  })
  hang(leader.page)
  // Commands to the stuck engine, from its own page and from a follower.
  const own = publish(leader.page, files('mine'))
  const others = install(follower, [published.value.id])
  // On a machine so busy that the leader's page is silent too, the follower takes over without a notice.
  const tookOver = (): boolean => follower.workers().length > 0
  for (const page of [leader.page, follower]) {
    const notices = page.getByRole('region', { name: 'Notices' })
    await expect.poll(async () => tookOver() || (await notices.innerText()).includes('so it was restarted')).toBe(true)
  }
  if (!tookOver())
    expect(await leader.page.evaluate(() => Reflect.get(window, 'seen') as string[])).toContain('0 engine-restarting')
  expect(await own).toMatchObject({ failed: false })
  expect(await others).toMatchObject({ failed: false })
  expect((await leader.library()).map(({ slug }) => slug)).toEqual(['there'])
  await expect.poll(async () => (await other.search({ text: 'mine' })).total, { timeout: 30_000 }).toBe(1)
  expect((await leader.status()).directConnections).toBe(1)
})
