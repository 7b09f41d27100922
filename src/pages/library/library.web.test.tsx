import { transferSentence } from '../../store/selectors.ts'
import { entry, holding, longEntry, uninstalls } from '../../testing/fixtures/library.ts'
import { damage, engineError, failureOf, failureText } from '../../testing/fixtures/reasons.ts'
import { byId, transfers } from '../../testing/fixtures/transfers.ts'
import { testViewStates } from '../../testing/view-states.ts'
import { libraryText } from '../../text/library.ts'
import { transferText } from '../../text/transfers.ts'

const kit = { library: holding(entry('kit'), entry('core', { asDependency: true })) }
const name = 'kit 1.2.0'
const verify = { before: 'kit', press: [libraryText.verifyOf({ name })] }
const remove = { before: 'kit', press: [libraryText.removeOf({ name })] }

testViewStates([
  { name: 'loading', address: '/library', shows: libraryText.loading },
  { name: 'empty', address: '/library', state: { library: holding() }, shows: libraryText.emptyTitle },
  {
    name: 'not readable',
    address: '/library',
    state: { library: { busy: false, failure: failureOf('StorageUnavailable') } },
    shows: failureText('StorageUnavailable'),
  },
  { name: 'items', address: '/library', state: kit, shows: libraryText.dependency },
  {
    name: 'texts of the greatest length',
    address: '/library',
    state: { library: holding(longEntry()) },
    shows: 'W'.repeat(100),
  },
  ...Object.entries(transfers)
    .filter(([, { state }]) => state !== 'done' && state !== 'cancelled')
    .map(([key, transfer]) => ({
      name: `an install: ${key}`,
      address: '/library',
      state: { ...kit, transferById: byId(transfer) },
      shows: transferSentence(transfer),
    })),
  {
    name: 'several installs',
    address: '/library',
    state: { library: holding(), transferById: byId(...Object.values(transfers)) },
    shows: transferText.state('verifying'),
  },
  { name: 'being verified', address: '/library', state: kit, act: verify, shows: libraryText.verifying },
  {
    name: 'verified',
    address: '/library',
    state: kit,
    answers: { verify: async () => damage() },
    act: verify,
    shows: libraryText.verified,
  },
  {
    name: 'damaged',
    address: '/library',
    state: kit,
    answers: { verify: async () => damage('README.md', 'p'.repeat(200)) },
    act: verify,
    shows: libraryText.damaged(2),
  },
  {
    name: 'not verified',
    address: '/library',
    state: kit,
    answers: { verify: async () => Promise.reject(engineError('NotInstalled')) },
    act: verify,
    shows: failureText('NotInstalled'),
  },
  {
    name: 'removal',
    address: '/library',
    state: kit,
    answers: { planUninstall: async () => uninstalls.plain },
    act: remove,
    shows: libraryText.consequence('deleted'),
  },
  {
    name: 'removal of what others need',
    address: '/library',
    state: kit,
    answers: { planUninstall: async () => uninstalls.breaking },
    act: remove,
    shows: libraryText.breaks(2),
  },
  {
    name: 'removal of shared files',
    address: '/library',
    state: kit,
    answers: { planUninstall: async () => uninstalls.shared },
    act: remove,
    shows: libraryText.consequence('installed'),
  },
  {
    name: 'removal of what is in use',
    address: '/library',
    state: kit,
    answers: { planUninstall: async () => uninstalls.held },
    act: remove,
    shows: libraryText.consequence('held'),
  },
])
