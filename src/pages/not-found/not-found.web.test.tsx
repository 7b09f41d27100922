import { expect, test } from 'vitest'
import { expectTabOrder } from '../../testing/keyboard.ts'
import { findControl, openState, press, testViewStates, untilShown } from '../../testing/view-states.ts'
import { browseText } from '../../text/browse.ts'
import { controlText } from '../../text/controls.ts'
import { notFoundText } from '../../text/not-found.ts'

const shows = notFoundText.title

testViewStates([
  { name: 'an unknown address', address: '/nowhere', shows },
  { name: 'an address of the greatest length', address: `/${'x'.repeat(2_000)}`, shows },
])

test('it leads to the packages, by keyboard too', async () => {
  const page = await openState({ address: '/nowhere/at/all', shows })
  expect(document.title).toContain(notFoundText.tabTitle)
  await expectTabOrder()
  expect(findControl(controlText.browsePackages)?.getAttribute('href')).toBe('/')
  await press(controlText.browsePackages)
  await untilShown(browseText.title)
  expect(page.address()).toBe('/')
})
