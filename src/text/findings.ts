import type { PathFault } from '../../workers/contract/failure-reasons.ts'
import type {
  findingReasons,
  JsonExpectation,
  ManifestFault,
  PrivateSign,
  ValueType,
} from '../../workers/contract/finding-reasons.ts'
import { counts } from './counts.ts'
import { formatBytes } from './format.ts'
import { formatCount } from './numbers.ts'
import { publishText } from './publish.ts'
import { because, inList, quote, type Words } from './words.ts'

/** Findings of a package check, in English. */
export const findingWords: Words<typeof findingReasons> = {
  'no-files': () => 'There are no files. A package needs at least a manifest.',
  'too-many-files': (v) =>
    `There are ${formatCount(v.count)} files; a package can have at most ${formatCount(v.limit)}. Choose a smaller folder.`,
  'files-too-large': (v) =>
    `The files add up to ${formatBytes(v.bytes)}; a package can have at most ${formatBytes(v.limit)}. The largest is ${quote(v.largest)} with ${formatBytes(v.largestBytes)}.`,
  'archive-too-large': (v) =>
    `${quote(v.archive)} is ${formatBytes(v.bytes)}; an archive can have at most ${formatBytes(v.limit)}.`,
  'path-unsafe': (v) => `The path ${quote(v.path)} ${pathFault[v.fault]}. Rename the file.`,
  'path-collision': (v) => {
    const [path, other] = [quote(v.path), quote(v.other)]
    if (v.kind === 'twice') return `The path ${path} appears twice. Remove one of the two files.`
    return v.kind === 'same-name'
      ? `${path} and ${other} are the same name on some systems. Rename one of them.`
      : `${other} is a file, and ${path} needs a folder of that name. Rename one of them.`
  },
  'path-normalized': (v) => `The path ${quote(v.path)} will be written in Unicode normal form C.`,
  // Not truncated: the user decides about this file, and other paths may start alike.
  'private-file': (v) =>
    `${quote(v.path, v.path.length)} looks private: ${privateSign[v.sign]}.${v.confirmed ? ' It will be published because you confirmed it.' : ''}`,
  'left-out': (v) =>
    `${quote(v.name)} is not published: ${publishText.leftOutReason(v.why)} (${v.atLeast ? publishText.filesAtLeast(v.files) : counts.files(v.files)}).`,
  'no-readme': () => 'The package has no README, which its page shows first.',
  'file-missing': (v) => `The manifest names ${quote(v.reference)}, which is not among the files.`,
  'more-findings': (v) => `${formatCount(v.count)} more like this.`,

  'no-manifest': (v) =>
    `The package has no manifest. Add one of ${inList(v.names)} at the top of the package.${v.typed ? ' Until then, the fields you typed are used.' : ''}`,
  'manifest-unreadable': (v) => {
    const where = v.line === undefined ? '' : ` (line ${v.line}, column ${v.column ?? 1})`
    const typed = v.typed ? ' The fields you typed are used; its dependencies are unknown.' : ''
    return `${quote(v.path)} cannot be read${where}: ${manifestFault[v.fault](v)}.${typed}`
  },
  'several-manifests': (v) =>
    `${v.path} is used as the manifest; ${inList(v.others, v.more)} ${v.others.length + v.more === 1 ? 'is' : 'are'} not.`,
  'release-too-large': (v) =>
    `Name, description, tags, keywords, authors and dependencies take ${formatCount(v.bytes)} bytes together; a release has room for ${formatCount(v.limit)}. Shorten them.`,

  'name-missing': (v) =>
    `${v.path === undefined ? 'The package has no name.' : `${v.path} has no name.`} Add one: ${nameRule}.`,
  'name-not-allowed': (v) => `The name ${quote(v.name)} is not allowed. Use ${nameRule}.`,
  'name-not-text': (v) => `The name in ${v.path} is ${valueType[v.type]}, not text. Use ${nameRule}.`,
  'name-unusable': (v) => `No package name can be made from ${quote(v.name)}. Use ${nameRule}.`,
  'slug-derived': (v) =>
    `${quote(v.name)} is not a valid package name, so “${v.slug}” is used, from the ${v.source === 'folder' ? 'folder name' : 'name in the manifest'}. Names use ${nameRule}.`,
  'version-missing': (v) =>
    `${v.path === undefined ? 'The package has no version.' : `${v.path} has no version.`} Add one: ${versionRule}.`,
  'version-not-text': (v) => `The version is ${valueType[v.type]}, not text. Use ${versionRule}.`,
  'version-inherited': () => `The version comes from a workspace, which is not in this package. Use ${versionRule}.`,
  'version-not-allowed': (v) =>
    `The version ${quote(v.version)} is not allowed. Use ${versionRule}.${v.near === undefined ? '' : ` Did you mean “${v.near}”?`}`,

  'no-description': () => 'The package has no description.',
  'description-not-text': (v) => `The description is ${valueType[v.type]}, not text.`,
  'description-cut': (v) =>
    `The description has ${formatCount(v.characters)} characters. The catalogue shows the first ${formatCount(v.limit)}; the manifest keeps the rest.`,
  'no-category': () => 'The package has no category; “uncategorized” is used.',
  'no-license': () => 'The package has no licence, so others cannot know whether they may use it.',
  'license-unknown': (v) =>
    `The licence ${quote(v.license)} is not an SPDX expression of known licences, such as “MIT OR Apache-2.0”.`,
  'repository-malformed': (v) => `The repository ${quote(v.repository)} is not an address, so it is left out.`,
  'field-misplaced': (v) =>
    `The ${v.field} come from the table ${quote(`[${v.table}]`)}. They belong in the first table.`,
  'field-cut': (v) => `An entry in “${v.field}” has more than ${formatCount(v.limit)} characters and was cut.`,
  'field-has-hidden-characters': (v) =>
    `The ${v.field} ${isPlural(v.field) ? 'contain' : 'contains'} control or invisible characters; the catalogue leaves them out.`,
  'list-cut': (v) =>
    `There are ${formatCount(v.count)} ${v.field}; the catalogue shows ${formatCount(v.limit)}, and the manifest keeps all of them.`,

  'dependency-not-name': (v) => `The dependency ${quote(v.name)} is not a valid name and is left out.`,
  'dependency-unread': (v) =>
    `The dependency ${quote(v.name)} was ignored: ${v.type === 'text' ? 'it is not a name with a version range' : `it is ${valueType[v.type]}`}.`,
  'dependency-on-itself': () => 'The package depends on itself; that dependency is left out.',
  'range-malformed': (v) =>
    `${quote(v.range)} for ${quote(v.dependency)} is not a version range such as ^1.0, so any version is accepted.`,
  'dependency-version-unknown': (v) =>
    `No known version of ${quote(v.dependency)} matches ${v.range}; known versions: ${inList(v.versions, v.more)}.`,
  'dependency-not-known': (v) =>
    `No known package is named ${quote(v.dependency)} (${v.range}). ${v.optional ? 'It is optional.' : 'Until it is published, this package can only be installed without it.'}`,
  'dependency-repeated': (v) =>
    `${quote(v.dependency)} is listed twice, as ${quote(v.first)} and ${quote(v.second)}; the first is used.`,
  'dependencies-external': (v) =>
    `Treated as ${ecosystem[v.ecosystem]}, which this marketplace does not install: ${inList(v.names, v.more)}.`,
  'too-many-dependencies': (v) =>
    `The package depends on ${formatCount(v.count)} packages; a release can list at most ${formatCount(v.limit)}.`,
}

const nameRule =
  'lower-case letters, digits, dots, hyphens and underscores, at most 64, with a letter or digit first and last'

const versionRule = 'three numbers, such as 1.0.0 or 2.1.0-beta.1'

const isPlural = (field: string): boolean => ['tags', 'keywords', 'authors', 'dependencies'].includes(field)

const valueType: Record<ValueType, string> = {
  null: 'null',
  list: 'a list',
  date: 'a date',
  number: 'a number',
  boolean: 'true or false',
  table: 'a table',
  text: 'text',
}

const pathFault: Record<PathFault, string> = {
  empty: 'is empty',
  backslash: 'contains a backslash',
  drive: 'begins with a drive letter',
  absolute: 'is absolute',
  'hidden-character': 'contains a control character or an invisible one',
  'not-nfc': 'is not in Unicode normal form C',
  'windows-character': 'contains one of < > : " | ? *, which Windows does not allow',
  'empty-part': 'has an empty part',
  'dot-part': 'has a part “.” or “..”, which could lead out of the package',
  'trailing-dot': 'has a part that ends with a dot or a space',
  'reserved-name': 'has a part with a name that Windows reserves',
  'too-long': 'is too long',
  'part-too-long': 'has a part that is too long',
}

type Unreadable = {
  expected?: string | undefined
  detail?: string | undefined
  bytes?: number | undefined
  limit?: number | undefined
}

const manifestFault: Record<ManifestFault, (values: Unreadable) => string> = {
  'too-large': ({ bytes = 0, limit = 0 }) => `it is ${formatCount(bytes)} bytes; the limit is ${formatCount(limit)}`,
  'not-utf-8': () => 'it is not UTF-8 text',
  'nested-too-deeply': () => 'it is nested too deeply',
  'not-an-object': () => 'it is not an object, which starts with “{”',
  'not-json': () => 'it is not JSON',
  'not-toml': ({ detail }) => `it is not TOML${because(detail)}`,
  'unclosed-text': () => 'a string has no closing quotation mark',
  'unescaped-control': () => 'a line break or control character in a string is not escaped',
  'unknown-escape': () => 'it contains an unknown escape sequence',
  expected: ({ expected }) => `${jsonExpectation(expected)} is expected there`,
  ends: ({ expected }) => `it ends where ${jsonExpectation(expected)} is expected`,
}

const jsonWords: Record<JsonExpectation, string> = {
  value: 'a value',
  'value or end': 'a value or “]”',
  key: 'a name in double quotation marks',
  'key or end': 'a name in double quotation marks or “}”',
  colon: 'a colon',
  comma: 'a comma or the closing bracket',
  end: 'the end of the text',
}

const jsonExpectation = (expected: string | undefined): string =>
  Object.hasOwn(jsonWords, expected ?? '') ? jsonWords[expected as JsonExpectation] : 'something else'

const ecosystem = {
  crate: 'Rust crates',
  npm: 'npm packages',
  python: 'Python packages',
  tool: 'tools',
  other: 'libraries',
}

const privateSign: Record<PrivateSign, string> = {
  'private-key': 'it contains a private key',
  'aws-access-key': 'it contains an AWS access key',
  'aws-secret-key': 'it contains an AWS secret key',
  'azure-key': 'it contains an Azure key',
  'google-key': 'it contains a Google key',
  'model-provider-key': 'it contains an OpenAI or Anthropic key',
  'sendgrid-key': 'it contains a SendGrid key',
  'stripe-key': 'it contains a Stripe key',
  'signed-token': 'it contains a signed token (JWT)',
  'digitalocean-token': 'it contains a DigitalOcean token',
  'github-token': 'it contains a GitHub token',
  'gitlab-token': 'it contains a GitLab token',
  'hugging-face-token': 'it contains a Hugging Face token',
  'pypi-token': 'it contains a PyPI token',
  'slack-token': 'it contains a Slack token',
  'vault-token': 'it contains a Vault token',
  'npm-token': 'it contains an npm token',
  'registry-token': 'it contains a package registry token',
  'registry-password': 'it contains a package registry password',
  'address-with-password': 'it contains an address with a password',
  'wallet-key': 'it contains a wallet key',
  'cloud-credentials': 'it contains cloud credentials',
  'git-credentials': 'it contains Git credentials',
  'cluster-credentials': 'it contains cluster credentials',
  'code-host-credentials': 'it contains code host credentials',
  'container-registry-credentials': 'it contains container registry credentials',
  'registry-credentials': 'it contains package registry credentials',
  'database-passwords': 'it contains database passwords',
  'web-server-passwords': 'it contains web server passwords',
  'host-passwords': 'it contains passwords for hosts',
  'vault-secret': 'it contains a Vault token or password',
  'environment-settings': 'it contains environment settings, which are often secret',
  'terraform-state': 'it contains Terraform state, with all its secrets',
  'terraform-variables': 'it contains Terraform variables, which are often secret',
  'private-key-name': 'it has the name of a private key',
  'key-file-name': 'it has the name of a key or certificate file',
  'credentials-name': 'it has the name of a credentials file',
  'secrets-name': 'it has the name of a secrets file',
  'passwords-name': 'it has the name of a password file',
  'key-store': 'it is a key store',
  'password-store': 'it is a password store',
  'system-passwords': 'it is a system’s password file',
  wallet: 'it is a wallet',
  'database-dump': 'it is a database dump',
  'vpn-configuration': 'it is a VPN configuration',
  'console-history': 'it is the history of a shell or database console',
  'browser-traffic': 'it records browser traffic, including cookies',
  'ssh-folder': 'it comes from an SSH key folder',
  'gnupg-folder': 'it comes from a GnuPG key folder',
  'cloud-folder': 'it comes from a cloud credentials folder',
  'secrets-folder': 'it comes from a secrets folder',
  'password-store-folder': 'it comes from a password store',
}
