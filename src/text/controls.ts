import { messages } from './catalogue.ts'

/** Buttons and states that occur on several pages. */
export const controlText = messages('controls', {
  tryAgain: 'Try again',
  close: 'Close',
  cancel: 'Cancel',
  dismiss: 'Dismiss',
  done: 'Done',
  loading: 'Loading…',
  browsePackages: 'Browse packages',
  openLibrary: 'Open library',
  openNetwork: 'Open the Network page',

  copied: 'Copied',
  copyFingerprint: 'Copy fingerprint',
  copyContentId: 'Copy content ID',
  copyPublisherId: 'Copy publisher ID',
  copyPeerId: 'Copy peer ID',
  copyRelayAddress: 'Copy relay address',
  copyText: 'Copy text',
  copyBlocked: 'The browser blocked copying. Select the text and copy it with the keyboard.',
})
