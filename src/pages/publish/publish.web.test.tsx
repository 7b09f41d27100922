import { drafts, openDraft, outgoing, publication } from '../../testing/fixtures/drafts.ts'
import { failureOf, failureText } from '../../testing/fixtures/reasons.ts'
import { statuses } from '../../testing/fixtures/status.ts'
import { testViewStates } from '../../testing/view-states.ts'
import { publishText } from '../../text/publish.ts'

const { direct: status, offline } = statuses
const { published } = drafts

testViewStates([
  { name: 'choose', address: '/publish', shows: publishText.drop },
  {
    name: 'choose, while others are announced',
    address: '/publish',
    state: {
      status,
      publicationByKey: outgoing(publication(), publication({ version: '1.1.0', state: 'sending', announcedTo: 3 })),
    },
    shows: publishText.outgoing,
  },
  {
    name: 'reading',
    address: '/publish',
    state: { draft: drafts.reading },
    shows: publishText.reading({ source: 'kit.zip' }),
  },
  {
    name: 'refused',
    address: '/publish',
    state: { draft: drafts.refused },
    shows: publishText.notRead({ source: 'kit.zip' }),
  },
  {
    name: 'checking for the first time',
    address: '/publish',
    state: { draft: drafts.checking },
    shows: publishText.checking(4),
  },
  {
    name: 'a check that failed',
    address: '/publish',
    state: { draft: openDraft({ check: undefined, failure: failureOf('Timeout') }) },
    shows: failureText('Timeout'),
  },
  {
    name: 'a draft without problems, before the engine has a status',
    address: '/publish',
    state: { draft: drafts.ok },
    shows: publishText.thisProfile,
  },
  ...(['ok', 'errors', 'warnings', 'privateFiles', 'leftOut', 'rechecking', 'publishing', 'long'] as const).map(
    (name) => ({
      name: `a draft: ${name}`,
      address: '/publish',
      state: { draft: drafts[name], status },
      shows: publishText.toSign,
    }),
  ),
  {
    name: 'publishing failed',
    address: '/publish',
    state: { draft: openDraft({ failure: failureOf('StorageUnavailable') }), status },
    shows: publishText.publishFailed,
  },
  {
    name: 'published, not known to be sent',
    address: '/publish',
    state: { draft: published, status },
    shows: publishText.announcing,
  },
  {
    name: 'published: stored, offline',
    address: '/publish',
    state: { draft: published, status: offline, publicationByKey: outgoing(publication()) },
    shows: publishText.waiting,
  },
  {
    name: 'published: sending',
    address: '/publish',
    state: { draft: published, status, publicationByKey: outgoing(publication({ state: 'sending', announcedTo: 3 })) },
    shows: publishText.announced(3),
  },
  {
    name: 'published: sent',
    address: '/publish',
    state: {
      draft: published,
      status,
      publicationByKey: outgoing(publication({ state: 'sent', announcedTo: 3, acknowledgements: 5 })),
    },
    shows: publishText.recordStored(5),
  },
])
