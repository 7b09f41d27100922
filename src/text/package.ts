import { messages } from './catalogue.ts'
import { choice, count, params } from './forms.ts'

/** One package: header, facts, README, files, versions and dependencies. */
export const packageText = messages('package', {
  loading: params('Looking up {slug}…'),
  back: 'Browse',
  noLicence: 'No licence given',
  install: 'Install',
  installed: 'Installed',
  installedVersion: params('{version} installed'),
  updateTo: params('Update to {version}'),
  yankedByPublisher: 'Yanked by its publisher',

  missingTitle: params('“{slug}” is not in your catalogue'),
  missing: 'It may be new, or this tab has not met its publisher yet.',
  failedTitle: params('“{slug}” could not be shown'),
  askNetwork: 'Ask the network',
  askingNetwork: 'Asking the network…',
  notFound: 'No peer that answered has it.',
  searchFor: params('Search for “{slug}”'),

  conflictTitle: params('Signed twice with different contents: {versions}'),
  conflict:
    'The publisher, or someone with the publisher’s key, signed the same version twice. Both signatures are kept as proof. Ask the publisher which one is right before you install it.',

  tabs: 'About this package',
  tab: choice({ readme: 'README', files: 'Files', versions: 'Versions', dependencies: 'Dependencies' }),

  readmeMissing: 'This package has no README.',
  readmeNotHere: 'Install the package to read its README.',
  readmeNotText: 'The README is not a text file.',
  viewFiles: count({ one: 'View {count} file', other: 'View {count} files' }),
  image: params('Image: {description}'),

  files: 'Files',
  filesNotHere: 'Install the package to see its files.',
  file: params('File {path}'),
  fileContents: params('Contents of {path}'),
  allFiles: 'All files',
  saveFile: 'Save file',
  fileNotHere: 'Install the package to read this file.',
  fileTooLarge: params('Previews are limited to {limit}. Save the file to open it elsewhere.'),
  fileNotText: 'Not a text file. Save it to open it elsewhere.',
  fileEmpty: 'This file is empty.',

  versions: 'Versions',
  latest: 'Latest',
  yanked: 'Yanked',
  conflicting: 'Conflicting',
  installVersion: params('Install {version}'),
  yank: 'Yank',
  yankVersion: params('Yank {version}'),
  yankTitle: params('Yank {slug} {version}?'),
  yankConsequences:
    'New installs skip this version. Nothing is deleted: peers that have it keep it. The yank is signed with your key and cannot be undone.',

  facts: 'Details',
  publisher: 'Publisher',
  trustTitle: choice({ self: 'You', known: 'Used before', new: 'New to you' }),
  trust: choice({
    self: 'Signed with the key of this profile.',
    known: 'You have installed a package signed by this publisher.',
    new: 'Anyone can use this name. Compare the fingerprint with the publisher’s if it matters.',
  }),
  fingerprint: 'Fingerprint',
  heldBy: 'Held by',
  heldByNone: 'No known peer',
  category: 'Category',
  licence: 'Licence',
  licenceNone: 'None given',
  size: 'Size',
  sizeAndFiles: params('{size}, {files}'),
  authors: 'Authors',
  repository: 'Repository',
  contentId: 'Content ID',
  tags: 'Tags',
  keywords: 'Keywords',
  namesakes: 'Same name, other publishers',
})
