import { messages } from './catalogue.ts'
import { choice, count, params } from './forms.ts'

/** An install in progress. */
export const transferText = messages('transfers', {
  state: choice({
    resolving: 'Resolving dependencies',
    finding: 'Looking for peers that hold it',
    fetching: 'Waiting for the first piece',
    verifying: 'Verifying files',
    done: 'Installed',
    failed: 'Not installed',
    cancelled: 'Cancelled. Downloaded pieces are kept.',
  }),
  stopped: 'Stopped. Downloaded pieces are kept.',
  fetchingFrom: count({ one: 'Downloading from {count} peer', other: 'Downloading from {count} peers' }),
  throughRelay: params('{state} through the relay, at most {limit} per package'),
  progress: params('{done} of {total}'),
  installing: params('Installing {packages}'),
  details: 'Details of this install',
})
