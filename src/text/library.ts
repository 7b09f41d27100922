import { messages } from './catalogue.ts'
import { choice, count, params } from './forms.ts'

/** What is installed in this browser. */
export const libraryText = messages('library', {
  tabTitle: 'Library',
  title: 'Library',
  sum: params('{packages}, {size}'),
  failedTitle: 'The library could not be read',
  inProgress: 'In progress',
  loading: 'Loading the library…',
  emptyTitle: 'Nothing installed yet',
  empty: 'Installed packages are saved in this browser, work offline and can be downloaded by other peers.',
  installedPackages: 'Installed packages',

  dependency: 'Dependency',
  sizeAndFiles: params('{size}, {files}'),
  installed: 'installed',
  downloadZip: 'Download zip',
  downloadZipOf: params('Download zip of {name}'),
  saveFolder: 'Save folder',
  saveFolderOf: params('Save folder of {name}'),
  verify: 'Verify',
  verifying: 'Verifying…',
  verifyOf: params('Verify {name}'),
  verifyingOf: params('Verifying {name}'),
  verified: 'All files verified.',
  verifyFailed: 'Verification did not finish',
  damaged: count({ one: '{count} file is damaged', other: '{count} files are damaged' }),
  damagedFile: params('{path}: {reason}'),
  downloadAgain: 'Download again',

  remove: 'Remove',
  removeOf: params('Remove {name}'),
  removeTitle: params('Remove {name}?'),
  removeAnyway: 'Remove anyway',
  breaks: count({
    one: '{count} installed package requires it and may stop working:',
    other: '{count} installed packages require it and may stop working:',
  }),
  consequence: choice({
    published: 'It leaves your library. You published it, so its files stay in this browser and others can install it.',
    installed: 'It leaves your library. Its files stay in this browser because another installed package uses them.',
    held: 'It leaves your library. Its files stay in this browser until a running download that uses them ends.',
    deleted:
      'Its files are deleted from this browser and others can no longer download it from you. You can install it again while another peer holds it.',
  }),
})
