import { joinLeftOut } from '../contract/left-out.ts'
import type {
  DependencyView,
  FileInput,
  LeftOut,
  LeftOutReason,
  ManifestFields,
  PackageCheck,
} from '../contract/views.ts'
import { RELEASE_MAX_BYTES } from '../protocol/limits.ts'
import { utf8Length } from '../protocol/text.ts'
import { readDependencies } from './classify.ts'
import { readFields } from './fields.ts'
import { checkFiles, commonFolder } from './file-checks.ts'
import { createFindings, type Findings, quote } from './findings.ts'
import { findManifest, type Manifest, manifestNames } from './manifest.ts'
import { checkPrivateFiles } from './private-files.ts'
import { checkReferences } from './references.ts'
import { siftFiles } from './sift-files.ts'
import { type TypedFields, typedText } from './typed-fields.ts'

export interface ReadPackageOptions {
  /** Name of the source folder or archive; a last resort for the slug. */
  folder?: string
  /** Fields typed by a person, which override the manifest. */
  fields?: Partial<ManifestFields>
  /** Paths of private files that a person has confirmed for publication. */
  confirmedPrivate?: readonly string[]
  /** Files already left out by the caller. */
  leftOut?: readonly LeftOut[]
  /** Returns the catalogued versions of all packages with this slug; undefined if there is no such package. */
  knownVersions(slug: string): readonly string[] | undefined
}

export interface ReadPackage {
  check: PackageCheck
  /** The files to publish. */
  files: FileInput[]
}

/**
 * Reads files as a package: its name, fields, dependencies and findings.
 *
 * Total: any files give a check, never an exception. `ok` means that a release can be signed. Bytes are not copied.
 * Uses only `knownVersions` of the catalogue and does not check whether the version exists.
 */
export const readPackage = (given: readonly FileInput[], options: ReadPackageOptions): ReadPackage => {
  const findings = createFindings()
  const sifted = siftFiles(given)
  const leftOut = joinLeftOut(options.leftOut ?? [], sifted.leftOut)
  const files = checkFiles(sifted.files, findings)
  const confirmed = new Set((options.confirmedPrivate ?? []).map((path) => path.normalize('NFC')))
  checkPrivateFiles(files, confirmed, findings)
  for (const each of leftOut) findings.note('LeftOut', describeLeftOut(each))
  const typed: TypedFields = options.fields ?? {}
  const manifest = findManifest(files, findings)
  reportManifest(manifest, typed, files, findings)

  const folder = options.folder ?? (commonFolder(files.map((file) => file.path)).replace(/\/$/, '') || undefined)
  const fault = manifest?.fault
  // A broken or missing manifest has its own finding, so a missing version is not reported again.
  const isReadable = manifest !== undefined && fault === undefined
  const fields = readFields({ manifest, folder, typed }, isReadable || isTyped(typed) ? findings : createFindings())

  let dependencies: DependencyView[] = []
  if (manifest !== undefined && fault === undefined) {
    dependencies = readDependencies(manifest, files, fields.slug, options.knownVersions, findings)
    checkReferences(manifest, files, dependencies, findings)
  }
  checkReadme(files, manifest, findings)
  checkRecordSize(fields, dependencies, findings)

  const list = findings.list()
  return {
    files,
    check: {
      ok: list.every((finding) => finding.level !== 'error'),
      findings: list,
      fields,
      ...(manifest === undefined ? {} : { manifestPath: manifest.path }),
      dependencies,
      files: files.map((file) => ({ path: file.path, size: file.bytes.length })),
      size: files.reduce((sum, file) => sum + file.bytes.length, 0),
      leftOut,
    },
  }
}

const describeLeftOut = ({ name, reason, files, atLeast }: LeftOut): string =>
  `${quote(name)} is left out: ${whyByReason[reason]} (${atLeast ? 'at least ' : ''}${files} file${files === 1 ? '' : 's'}).`

const whyByReason: Record<LeftOutReason, string> = {
  'version-control': 'the history of version control',
  dependencies: 'installed dependencies',
  build: 'the result of a build',
  cache: 'a cache or log of a tool',
  editor: 'settings of an editor',
  system: 'a file of the operating system',
  chosen: 'you left it out',
}

/** Whether a person typed what no manifest is needed for then. */
const isTyped = (typed: TypedFields): boolean => Boolean(typedText(typed, 'slug') && typedText(typed, 'version'))

const reportManifest = (
  manifest: Manifest | undefined,
  typed: TypedFields,
  files: readonly FileInput[],
  findings: Findings,
) => {
  if (manifest === undefined) {
    if (files.length === 0) return
    const message = `There is no manifest: none of ${manifestNames.join(', ')} stands at the top.`
    if (isTyped(typed)) findings.warning('ManifestMissing', `${message} What was typed is used.`)
    else findings.error('ManifestMissing', message)
    return
  }
  if (manifest.fault === undefined) return
  const { message: reason, position } = manifest.fault
  const where = position === undefined ? '' : ` in line ${position.line}, column ${position.column}`
  const message = `${quote(manifest.path)} cannot be read${where}: ${reason}.`
  const place = { path: manifest.path, ...position }
  if (isTyped(typed)) {
    findings.warning('ManifestUnreadable', `${message} What was typed is used; its dependencies are not known.`, place)
  } else {
    findings.error('ManifestUnreadable', message, place)
  }
}

const checkReadme = (files: readonly FileInput[], manifest: Manifest | undefined, findings: Findings) => {
  const base = manifest?.base ?? ''
  const found = files.some(
    ({ path }) => path.startsWith(base) && /^readme(?:\.[a-z]+)?$/i.test(path.slice(base.length)),
  )
  if (!found && files.length > 0) findings.warning('ReadmeMissing', 'There is no README, which the package page shows.')
}

/** In addition to the limit of each field, the record has a limit. */
const checkRecordSize = (fields: ManifestFields, dependencies: readonly DependencyView[], findings: Findings) => {
  const texts = Object.values(fields).flat()
  const ofFields = texts.reduce((sum, text) => sum + utf8Length(text) + 2, 0)
  const ofDependencies = dependencies.reduce(
    (sum, { name, range }) => sum + utf8Length(name) + utf8Length(range) + DEPENDENCY_OVERHEAD_BYTES,
    0,
  )
  const size = ofFields + ofDependencies
  if (size <= RELEASE_MAX_BYTES - RESERVED_BYTES) return
  const message =
    `Name, description, tags, keywords, authors and dependencies take ${size} bytes together; ` +
    `a release has room for ${RELEASE_MAX_BYTES - RESERVED_BYTES}.`
  findings.error('RecordTooLarge', message)
}

/** Size of the field names, kind and flags of one dependency in CBOR (bytes). */
const DEPENDENCY_OVERHEAD_BYTES = 56

/** Size of the other fields of a release, its envelope and signature (bytes). */
const RESERVED_BYTES = 1024
