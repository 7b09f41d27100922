import { pathFaults } from './failure-reasons.ts'

/** Findings of a package check: the values of each code. The words are in `src/text/findings.ts`. */

/** Types of a manifest value found in place of a text. */
export const valueTypes = ['null', 'list', 'date', 'number', 'boolean', 'table', 'text'] as const
export type ValueType = (typeof valueTypes)[number]

/** Why a manifest does not parse. `expected`: something else is expected there; `ends`: the text ends too early. */
export const manifestFaults = [
  'too-large',
  'not-utf-8',
  'nested-too-deeply',
  'not-an-object',
  'not-json',
  'not-toml',
  'unclosed-text',
  'unescaped-control',
  'unknown-escape',
  'expected',
  'ends',
] as const
export type ManifestFault = (typeof manifestFaults)[number]

/** Tokens that JSON expects at a position. */
export const jsonExpectations = ['value', 'value or end', 'key', 'key or end', 'colon', 'comma', 'end'] as const
export type JsonExpectation = (typeof jsonExpectations)[number]

/** Why a file looks private. */
export const privateSigns = [
  'private-key',
  'aws-access-key',
  'aws-secret-key',
  'azure-key',
  'google-key',
  'model-provider-key',
  'sendgrid-key',
  'stripe-key',
  'signed-token',
  'digitalocean-token',
  'github-token',
  'gitlab-token',
  'hugging-face-token',
  'pypi-token',
  'slack-token',
  'vault-token',
  'npm-token',
  'registry-token',
  'registry-password',
  'address-with-password',
  'wallet-key',
  'cloud-credentials',
  'git-credentials',
  'cluster-credentials',
  'code-host-credentials',
  'container-registry-credentials',
  'registry-credentials',
  'database-passwords',
  'web-server-passwords',
  'host-passwords',
  'vault-secret',
  'environment-settings',
  'terraform-state',
  'terraform-variables',
  'private-key-name',
  'key-file-name',
  'credentials-name',
  'secrets-name',
  'passwords-name',
  'key-store',
  'password-store',
  'system-passwords',
  'wallet',
  'database-dump',
  'vpn-configuration',
  'console-history',
  'browser-traffic',
  'ssh-folder',
  'gnupg-folder',
  'cloud-folder',
  'secrets-folder',
  'password-store-folder',
] as const
export type PrivateSign = (typeof privateSigns)[number]

/** Fields of a package that the catalogue normalises. */
export const fieldLabels = [
  'display name',
  'description',
  'category',
  'licence',
  'repository',
  'tags',
  'keywords',
  'authors',
  'dependencies',
] as const
export type FieldLabel = (typeof fieldLabels)[number]

export const findingReasons = {
  // Files.
  'no-files': {},
  'too-many-files': { count: 'number', limit: 'number' },
  'files-too-large': { bytes: 'number', limit: 'number', largest: 'text', largestBytes: 'number' },
  'archive-too-large': { archive: 'text', bytes: 'number', limit: 'number' },
  'path-unsafe': { path: 'text', fault: pathFaults },
  'path-collision': { kind: ['twice', 'same-name', 'file-and-folder'], path: 'text', other: 'text' },
  'path-normalized': { path: 'text' },
  'private-file': { path: 'text', sign: privateSigns, confirmed: 'flag' },
  'left-out': {
    name: 'text',
    why: ['version-control', 'dependencies', 'build', 'cache', 'editor', 'system', 'chosen'],
    files: 'number',
    atLeast: 'flag',
  },
  'no-readme': {},
  'file-missing': { reference: 'text' },
  'more-findings': { count: 'number' },

  // The manifest as a whole.
  'no-manifest': { names: 'texts', typed: 'flag' },
  'manifest-unreadable': {
    path: 'text',
    line: 'number?',
    column: 'number?',
    fault: manifestFaults,
    /** For JSON, with `expected` and `ends`. */
    expected: 'text?',
    /** Message of a parser. */
    detail: 'text?',
    bytes: 'number?',
    limit: 'number?',
    typed: 'flag',
  },
  'several-manifests': { path: 'text', others: 'texts', more: 'number' },
  'release-too-large': { bytes: 'number', limit: 'number' },

  // Name and version.
  'name-missing': { path: 'text?' },
  'name-not-allowed': { name: 'text' },
  'name-not-text': { path: 'text', type: valueTypes },
  'name-unusable': { name: 'text' },
  'slug-derived': { name: 'text', slug: 'text', source: ['folder', 'name'] },
  'version-missing': { path: 'text?' },
  'version-not-text': { type: valueTypes },
  'version-inherited': {},
  'version-not-allowed': { version: 'text', near: 'text?' },

  // Other fields.
  'no-description': {},
  'description-not-text': { type: valueTypes },
  'description-cut': { characters: 'number', limit: 'number' },
  'no-category': {},
  'no-license': {},
  'license-unknown': { license: 'text' },
  'repository-malformed': { repository: 'text' },
  'field-misplaced': { field: fieldLabels, table: 'text' },
  'field-cut': { field: fieldLabels, limit: 'number' },
  'field-has-hidden-characters': { field: fieldLabels },
  'list-cut': { field: fieldLabels, count: 'number', limit: 'number' },

  // Dependencies.
  'dependency-not-name': { name: 'text' },
  'dependency-unread': { name: 'text', type: valueTypes },
  'dependency-on-itself': {},
  'range-malformed': { range: 'text', dependency: 'text' },
  'dependency-version-unknown': { dependency: 'text', range: 'text', versions: 'texts', more: 'number' },
  'dependency-not-known': { dependency: 'text', range: 'text', optional: 'flag' },
  'dependency-repeated': { dependency: 'text', first: 'text', second: 'text' },
  'dependencies-external': { ecosystem: ['crate', 'npm', 'python', 'tool', 'other'], names: 'texts', more: 'number' },
  'too-many-dependencies': { count: 'number', limit: 'number' },
} as const
