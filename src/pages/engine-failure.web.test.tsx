import { expect, test } from 'vitest'
import { userEvent } from 'vitest/browser'
import {
  engineEnded,
  failureOf,
  failureText,
  profileInUse,
  restarted,
  restartedText,
} from '../testing/fixtures/reasons.ts'
import { expectTabOrder } from '../testing/keyboard.ts'
import { catchPageLoads } from '../testing/navigation.ts'
import { until } from '../testing/shown-page.tsx'
import { field, openState, press, testViewStates, untilShown } from '../testing/view-states.ts'
import { browseText } from '../text/browse.ts'
import { controlText } from '../text/controls.ts'
import { engineFailureText } from '../text/engine-failure.ts'

const failed = (failure: ReturnType<typeof failureOf>) => ({ engine: { phase: 'failed' as const, failure } })
const inUse = { address: '/', state: failed(profileInUse), shows: engineFailureText.profileInUseTitle }

testViewStates([
  { name: 'the profile is in use', ...inUse },
  {
    name: 'another version is open',
    address: '/',
    state: failed(failureOf('TabOutdated')),
    shows: failureText('TabOutdated'),
  },
  {
    name: 'no storage',
    address: '/library',
    state: failed(failureOf('StorageUnavailable')),
    shows: failureText('StorageUnavailable'),
  },
  {
    name: 'the engine stopped',
    address: '/network',
    state: failed(failureOf('Internal')),
    shows: failureText('Internal'),
  },
])

test('an engine that ends takes the place of the page, and of what was said of its restarts', async () => {
  const page = await openState({ address: '/', shows: browseText.title })
  page.tell([restarted])
  await untilShown(restartedText)
  page.tell([engineEnded])
  await untilShown(engineFailureText.stoppedTitle)
  expect(document.body.innerText).not.toContain(restartedText)
})

test.each([profileInUse, failureOf('TabOutdated'), failureOf('StorageUnavailable'), failureOf('Internal')])(
  'the page is reloaded for another try after $name',
  async (failure) => {
    const loads = catchPageLoads()
    await openState({ address: '/', state: failed(failure), shows: controlText.tryAgain })
    await press(controlText.tryAgain)
    await until('the page is reloaded', () => loads.length > 0)
    expect(loads).toEqual(['reload'])
  },
)

test('another profile is opened under the name in the field', async () => {
  const loads = catchPageLoads()
  await openState(inUse)
  expect(field(engineFailureText.otherProfile).value).toBe('second')
  await userEvent.fill(field(engineFailureText.otherProfile), ' ')
  await press(engineFailureText.openProfile)
  await userEvent.fill(field(engineFailureText.otherProfile), ' bob ')
  await press(engineFailureText.openProfile)
  await until('the page is loaded', () => loads.length > 0)
  expect(loads).toEqual(['/?peer=bob'])
})

test('the keyboard reaches every control in order', async () => {
  await openState(inUse)
  await expectTabOrder()
})
