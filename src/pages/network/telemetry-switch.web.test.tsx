import { expect, test, vi } from 'vitest'
import { userEvent } from 'vitest/browser'
import { failureText } from '../../testing/fixtures/reasons.ts'
import { statuses } from '../../testing/fixtures/status.ts'
import { failing, telemetryStates } from '../../testing/fixtures/telemetry.ts'
import { until } from '../../testing/shown-page.tsx'
import { field, openState, press, testViewStates, untilShown } from '../../testing/view-states.ts'
import { telemetryText } from '../../text/telemetry.ts'

const address = '/network'
const state = { status: statuses.direct }

testViewStates([
  { name: 'no answer yet', address, state, shows: telemetryText.loading },
  ...Object.entries(telemetryStates).map(([name, view]) => ({
    name,
    address,
    state,
    answers: { telemetry: async () => view },
    shows: telemetryText.collector(view.collector),
  })),
  { name: 'an engine that fails', address, state, answers: { telemetry: failing }, shows: telemetryText.loading },
])

const select = (): HTMLSelectElement => document.querySelector('.telemetry-ratio select') as HTMLSelectElement

test('the switch turns the export on and off, and the ratio is sent with it', async () => {
  const setTelemetry = vi.fn(async (options: { export: boolean; ratio?: number }) => ({
    ...telemetryStates.off,
    ...options,
  }))
  await openState({
    address,
    state,
    answers: { telemetry: async () => telemetryStates.off, setTelemetry },
    shows: telemetryText.collector('available'),
  })
  expect(field(telemetryText.switch).checked).toBe(false)
  expect(select().disabled).toBe(true)
  await press(telemetryText.switch)
  await until('it is on', () => field(telemetryText.switch).checked)
  await userEvent.selectOptions(select(), '0.1')
  await until('the ratio is sent', () => setTelemetry.mock.calls.length === 2)
  await until('it can be switched again', () => !field(telemetryText.switch).disabled)
  await press(telemetryText.switch)
  await until('it is off', () => !field(telemetryText.switch).checked)
  expect(setTelemetry.mock.calls).toEqual([[{ export: true }], [{ export: true, ratio: 0.1 }], [{ export: false }]])
})

test('a change is shown at once, keeps the focus, and takes no second one before its answer', async () => {
  const { promise: answered, resolve } = Promise.withResolvers<void>()
  const setTelemetry = vi.fn(async () => {
    await answered
    return telemetryStates.on
  })
  await openState({
    address,
    state,
    answers: { telemetry: async () => telemetryStates.off, setTelemetry },
    shows: telemetryText.collector('available'),
  })
  const control = field(telemetryText.switch)
  control.focus()
  await userEvent.keyboard(' ')
  await until('it is on', () => control.checked)
  expect(document.activeElement).toBe(control)
  await userEvent.keyboard(' ')
  resolve()
  await until('the share can be chosen', () => !select().disabled)
  expect(setTelemetry.mock.calls).toEqual([[{ export: true }]])
  expect([control.checked, document.activeElement]).toEqual([true, control])
})

test('without a collector the switch is disabled and says why', async () => {
  await openState({
    address,
    state,
    answers: { telemetry: async () => telemetryStates.absent },
    shows: telemetryText.collector('absent'),
  })
  const control = field(telemetryText.switch)
  expect(control.disabled).toBe(true)
  const note = document.getElementById(control.getAttribute('aria-describedby') ?? '')
  expect(note?.textContent).toBe(telemetryText.collector('absent'))
})

test('an export that is on can be switched off without a collector', async () => {
  await openState({
    address,
    state,
    answers: { telemetry: async () => ({ ...telemetryStates.on, collector: 'absent' }) },
    shows: telemetryText.collector('absent'),
  })
  expect(field(telemetryText.switch).disabled).toBe(false)
})

test('a change that fails is reported, and the switch stays', async () => {
  await openState({
    address,
    state,
    answers: { telemetry: async () => telemetryStates.off, setTelemetry: failing },
    shows: telemetryText.collector('available'),
  })
  await press(telemetryText.switch)
  await untilShown(failureText('Timeout'))
  expect(field(telemetryText.switch).checked).toBe(false)
})
