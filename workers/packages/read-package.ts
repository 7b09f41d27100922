import { joinLeftOut } from '../contract/left-out.ts'
import type { DependencyView, FileInput, LeftOut, ManifestFields, PackageCheck } from '../contract/views.ts'
import { RELEASE_MAX_BYTES } from '../protocol/limits.ts'
import { utf8Length } from '../protocol/text.ts'
import { readDependencies } from './classify.ts'
import { readFields } from './fields.ts'
import { checkFiles, commonFolder } from './file-checks.ts'
import { createFindings, type Findings } from './findings.ts'
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
  for (const { name, reason, files: count, atLeast = false } of leftOut)
    findings.note('LeftOut', { code: 'left-out', name, why: reason, files: count, atLeast })
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
    const reason = { code: 'no-manifest', names: manifestNames, typed: isTyped(typed) } as const
    if (reason.typed) findings.warning('ManifestMissing', reason)
    else findings.error('ManifestMissing', reason)
    return
  }
  if (manifest.fault === undefined) return
  const { position, ...fault } = manifest.fault
  const place = { path: manifest.path, ...position }
  const reason = { code: 'manifest-unreadable', ...place, ...fault, typed: isTyped(typed) } as const
  if (reason.typed) findings.warning('ManifestUnreadable', reason, place)
  else findings.error('ManifestUnreadable', reason, place)
}

const checkReadme = (files: readonly FileInput[], manifest: Manifest | undefined, findings: Findings) => {
  const base = manifest?.base ?? ''
  const found = files.some(
    ({ path }) => path.startsWith(base) && /^readme(?:\.[a-z]+)?$/i.test(path.slice(base.length)),
  )
  if (!found && files.length > 0) findings.warning('ReadmeMissing', { code: 'no-readme' })
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
  findings.error('RecordTooLarge', {
    code: 'release-too-large',
    bytes: size,
    limit: RELEASE_MAX_BYTES - RESERVED_BYTES,
  })
}

/** Size of the field names, kind and flags of one dependency in CBOR (bytes). */
const DEPENDENCY_OVERHEAD_BYTES = 56

/** Size of the other fields of a release, its envelope and signature (bytes). */
const RESERVED_BYTES = 1024
