import type { FailureName } from '../contract/failures.ts'
import type { FindingReason } from '../contract/reasons.ts'
import type { Finding } from '../contract/views.ts'

/** Findings of a check in order. Errors have failure names; warnings and notes have their own names. */

export type WarningName =
  | 'MissingFile'
  | 'PrivateFile'
  | 'ReadmeMissing'
  | 'DescriptionMissing'
  | 'CategoryMissing'
  | 'LicenseMissing'
  | 'LicenseUnknown'
  | 'RepositoryInvalid'
  | 'FieldUnreadable'
  | 'ControlCharacters'
  | 'ListCut'
  | 'RangeInvalid'
  | 'SelfDependency'
  | 'DependencyVersionMissing'
  | 'DependencyRepeated'
  // The manifest is unusable, but a person typed the required fields.
  | 'ManifestMissing'
  | 'ManifestUnreadable'

export type NoteName =
  | 'LeftOut'
  | 'SeveralManifests'
  | 'SlugDerived'
  | 'FoundElsewhere'
  | 'DescriptionCut'
  | 'TextCut'
  | 'PathNormalized'
  | 'DependencyUnknown'
  | 'DependencyExternal'
  | 'DependencyUnread'

/** Location of a finding in the package; see `Finding`. */
export interface Place {
  path?: string | undefined
  line?: number | undefined
  column?: number | undefined
}

export interface Findings {
  error(name: FailureName, reason: FindingReason, place?: Place): void
  warning(name: WarningName, reason: FindingReason, place?: Place): void
  note(name: NoteName, reason: FindingReason, place?: Place): void
  /** Errors first, then warnings, then notes, each in the order in which they were found. */
  list(): Finding[]
}

export const createFindings = (): Findings => {
  const findings: Finding[] = []
  /** Counted per level, so that many warnings never hide an error. */
  const countByKind = new Map<string, number>()
  const kindOf = ({ level, name }: Pick<Finding, 'level' | 'name'>): string => `${level} ${name}`

  const add = (level: Finding['level'], name: string, reason: FindingReason, place: Place = {}) => {
    const kind = kindOf({ level, name })
    const count = (countByKind.get(kind) ?? 0) + 1
    countByKind.set(kind, count)
    if (count > MAX_FINDINGS_OF_A_NAME) return
    const { path, line, column } = place
    findings.push({
      level,
      name,
      reason,
      ...(path === undefined ? {} : { path }),
      ...(line === undefined ? {} : { line }),
      ...(column === undefined ? {} : { column }),
    })
  }

  const list = () => {
    const unsaid = findings.flatMap((finding, index): Finding[] => {
      const count = countByKind.get(kindOf(finding)) ?? 0
      const isLast = findings.findLastIndex((other) => kindOf(other) === kindOf(finding)) === index
      if (!isLast || count <= MAX_FINDINGS_OF_A_NAME) return []
      const more = count - MAX_FINDINGS_OF_A_NAME
      return [{ level: finding.level, name: finding.name, reason: { code: 'more-findings', count: more } }]
    })
    return [...findings, ...unsaid].sort((a, b) => rank[a.level] - rank[b.level])
  }

  return {
    error: (name, reason, place) => add('error', name, reason, place),
    warning: (name, reason, place) => add('warning', name, reason, place),
    note: (name, reason, place) => add('note', name, reason, place),
    list,
  }
}

/** A person reads no more of one kind, and each is cloned to the page. The others are counted. */
const MAX_FINDINGS_OF_A_NAME = 100

const rank = { error: 0, warning: 1, note: 2 } as const

/** The first few of many names, as values of a reason, and how many more there are. */
export const firstNames = (names: readonly string[]): { names: string[]; more: number } => {
  const first = names.slice(0, MAX_NAMES)
  return { names: first, more: names.length - first.length }
}

/** A person reads no more in one finding. */
const MAX_NAMES = 8
