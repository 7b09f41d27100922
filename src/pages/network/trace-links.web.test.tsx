import { expect, test } from 'vitest'
import type { TransferView } from '../../../workers/contract/views.ts'
import { drafts } from '../../testing/fixtures/drafts.ts'
import { some } from '../../testing/fixtures/search.ts'
import { byId, transfers } from '../../testing/fixtures/transfers.ts'
import { commandTraceId } from '../../testing/shown-page.tsx'
import { findControl, openState, press, testViewStates, untilShown } from '../../testing/view-states.ts'
import { browseText } from '../../text/browse.ts'
import { formatDuration } from '../../text/format.ts'
import { publishText } from '../../text/publish.ts'
import { tracesText } from '../../text/traces.ts'
import { transferText } from '../../text/transfers.ts'

const trace = `/network/traces/${commandTraceId}`
const published = { ...drafts.published, traceId: commandTraceId }
const traced = (transfer: TransferView) => ({
  transferById: byId(transfer),
  traceIdByTransfer: { [transfer.id]: commandTraceId },
})

testViewStates([
  { name: 'a failed install', address: '/library', state: traced(transfers.failed), shows: transferText.details },
  { name: 'a publication', address: '/publish', state: { draft: published }, shows: publishText.details },
])

test('the time of a search leads to its steps', async () => {
  const took = browseText.took({ duration: formatDuration(some.tookMs) })
  const page = await openState({ address: '/', answers: { search: async () => some }, shows: took })
  await press(took)
  expect(page.address()).toBe(trace)
})

test('a failed install leads to its steps, a running one does not', async () => {
  const page = await openState({
    address: '/library',
    state: traced(transfers.fetching),
    shows: transferText.fetchingFrom(3),
  })
  expect(findControl(transferText.details)).toBeUndefined()
  page.tell([{ kind: 'transfer', transfer: { ...transfers.failed, id: transfers.fetching.id } }])
  await untilShown(transferText.details)
  await press(transferText.details)
  expect(page.address()).toBe(trace)
  await untilShown(tracesText.loadingOne)
})

test('an install that this page did not begin has no link', async () => {
  await openState({
    address: '/library',
    state: { transferById: byId(transfers.failed) },
    shows: transferText.state('failed'),
  })
  expect(findControl(transferText.details)).toBeUndefined()
})

test('a publication leads to its steps', async () => {
  const page = await openState({ address: '/publish', state: { draft: published }, shows: publishText.details })
  await press(publishText.details)
  expect(page.address()).toBe(trace)
})
