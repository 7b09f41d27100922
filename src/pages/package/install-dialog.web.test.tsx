import { expect, test, vi } from 'vitest'
import type { InstallOptions, TransferView } from '../../../workers/contract/views.ts'
import type { EngineClient } from '../../engine/client.ts'
import { transferSentence } from '../../store/selectors.ts'
import { idOf, packageView, plans, version } from '../../testing/fixtures/packages.ts'
import { engineError, failureText, warningText } from '../../testing/fixtures/reasons.ts'
import { transfers } from '../../testing/fixtures/transfers.ts'
import { expectModal } from '../../testing/keyboard.ts'
import { until } from '../../testing/shown-page.tsx'
import {
  dialog as openDialog,
  openState,
  press,
  testViewStates,
  untilShown,
  type ViewState,
} from '../../testing/view-states.ts'
import { controlText } from '../../text/controls.ts'
import { counts } from '../../text/counts.ts'
import { installText } from '../../text/install.ts'
import { packageText } from '../../text/package.ts'

const plain = packageView()

const dialog = (
  answers: Partial<EngineClient>,
  press: string[] = [],
  view = plain,
): Required<Pick<ViewState, 'address' | 'answers' | 'act'>> => ({
  address: `/package/${idOf('kit')}?tab=versions`,
  answers: { describe: async () => view, ...answers },
  act: { before: packageText.latest, press: [packageText.installVersion({ version: '1.2.0' }), ...press] },
})
const planned = (plan: keyof typeof plans) => ({ planInstall: async () => plans[plan] })
const refused = (failure: 'DependencyMissing' | 'DependencyConflict') => ({
  planInstall: async () => Promise.reject(engineError(failure)),
})

/** A dialog whose install has come this far. */
const running = (transfer: TransferView): Required<Pick<ViewState, 'address' | 'answers' | 'act'>> => {
  let id = ''
  const install = (_specs: string[], options?: InstallOptions): Promise<never> => {
    id = options?.transferId ?? ''
    return new Promise(() => {})
  }
  const { act, ...shown } = dialog({ ...planned('simple'), install }, [installText.install])
  return { ...shown, act: { ...act, hear: () => [{ kind: 'transfer', transfer: { ...transfer, id } }] } }
}

testViewStates([
  { name: 'resolving', ...dialog({}), shows: installText.resolving },
  { name: 'plan', ...dialog(planned('simple')), shows: installText.harmless },
  {
    name: 'plan with a dependency, partly here',
    ...dialog(planned('partly')),
    shows: installText.requiredBy({ packages: 'kit' }),
  },
  {
    name: 'plan of what is downloaded',
    ...dialog(planned('fetched')),
    shows: installText.allFetched({ packages: counts.packages(1), size: '12 kB' }),
  },
  { name: 'plan of what is installed', ...dialog(planned('installed')), shows: installText.nothingToFetch },
  { name: 'plan with warnings', ...dialog(planned('warned')), shows: warningText('yanked') },
  { name: 'plan of names of the greatest length', ...dialog(planned('long')), shows: installText.harmless },
  { name: 'a missing dependency', ...dialog(refused('DependencyMissing')), shows: failureText('DependencyMissing') },
  {
    name: 'a missing dependency, reviewed',
    ...dialog(
      {
        planInstall: async (_specs, options) =>
          options?.allowMissing ? plans.simple : Promise.reject(engineError('DependencyMissing')),
      },
      [installText.reviewAnyway],
    ),
    shows: installText.installAnyway,
  },
  { name: 'a conflict', ...dialog(refused('DependencyConflict')), shows: failureText('DependencyConflict') },
  {
    name: 'a version signed twice',
    ...dialog(planned('simple'), [], packageView({ versions: [version('1.2.0', { equivocation: true })] })),
    shows: installText.conflictTitle,
  },
  ...Object.entries(transfers).map(([name, transfer]) => ({
    name: `an install: ${name}`,
    ...running(transfer),
    shows: transfer.state === 'done' ? installText.done : transferSentence(transfer),
  })),
])

const spec = `${idOf('kit')}@=1.2.0`
const never = () => new Promise<never>(() => {})

test('the plan and the install are of exactly this version', async () => {
  const planInstall = vi.fn(async () => plans.simple)
  const install = vi.fn((_specs: string[], _options?: InstallOptions) => never())
  const cancel = vi.fn(async () => {})
  await openState({ ...dialog({ planInstall, install, cancel }), shows: installText.harmless })
  expect(install).not.toHaveBeenCalled()
  await press(installText.install)
  expect(planInstall.mock.calls).toEqual([[[spec], { allowMissing: false }]])
  expect(install.mock.calls).toEqual([[[spec], { allowMissing: false, transferId: expect.any(String) }]])
  await press(installText.cancelInstall)
  expect(cancel.mock.calls).toEqual([[install.mock.calls[0]?.[1]?.transferId]])
})

test('a missing dependency is allowed only after its review, and stays allowed for another try', async () => {
  const planInstall = vi.fn(async (_specs: string[], options?: InstallOptions) =>
    options?.allowMissing ? plans.simple : Promise.reject(engineError('DependencyMissing')),
  )
  const install = vi.fn(async () => Promise.reject(engineError('ContentUnavailable')))
  await openState({ ...dialog({ planInstall, install }), shows: failureText('DependencyMissing') })
  await press(installText.reviewAnyway)
  await press(installText.installAnyway)
  await untilShown(failureText('ContentUnavailable'))
  await press(controlText.tryAgain)
  await until('it is tried again', () => install.mock.calls.length === 2)
  const options = { allowMissing: true, transferId: expect.any(String) }
  expect(install.mock.calls).toEqual([
    [[spec], options],
    [[spec], options],
  ])
})

test('closing the dialog does not stop the install, which the page still shows', async () => {
  const cancel = vi.fn(async () => {})
  const { answers, ...shown } = running(transfers.fetching)
  await openState({ ...shown, answers: { ...answers, cancel }, shows: transferSentence(transfers.fetching) })
  await press(installText.continue)
  await until('the dialog is closed', () => openDialog() === null)
  expect(document.body.innerText).toContain(transferSentence(transfers.fetching))
  expect(cancel).not.toHaveBeenCalled()
})

test('the dialog holds the focus and returns it', async () => {
  await openState({ ...dialog(planned('simple')), shows: installText.harmless })
  await expectModal(packageText.installVersion({ version: '1.2.0' }))
})
