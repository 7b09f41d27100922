import { messages } from './catalogue.ts'
import { params } from './forms.ts'

/** The dialog that plans and runs an install. */
export const installText = messages('install', {
  title: params('Install {slug} {version}'),
  install: 'Install',
  installAnyway: 'Install anyway',
  reviewAnyway: 'Install anyway…',
  resolving: 'Resolving dependencies…',
  conflictTitle: 'This version was signed twice with different contents',
  conflict: 'Ask the publisher which one is right before you install it.',
  yankedTitle: 'This version is yanked',
  yanked: 'Its publisher advises against it.',
  dependencyMissingTitle: 'A dependency is missing',
  failedTitle: 'Cannot be installed',

  plan: 'Install plan',
  alreadyInstalled: 'installed',
  requested: 'requested',
  requiredBy: params('required by {packages}'),
  nothingToFetch: 'Everything is already installed. Nothing to download.',
  allFetched: params('{packages}, {size}; already downloaded.'),
  partlyFetched: params('{packages}, {size}; {missing} left to download.'),
  toFetch: params('{packages}, {size} to download.'),
  harmless: 'Packages are data: nothing is executed.',

  cancelInstall: 'Cancel install',
  continue: 'Continue in background',
  doneTitle: 'Installed',
  done: 'Every file is verified and in your library. Other peers can now download it from you.',
})
