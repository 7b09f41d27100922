import type { FailureName } from '../contract/failures.ts'
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
  error(name: FailureName, message: string, place?: Place): void
  warning(name: WarningName, message: string, place?: Place): void
  note(name: NoteName, message: string, place?: Place): void
  /** Errors first, then warnings, then notes, each in the order in which they were found. */
  list(): Finding[]
}

export const createFindings = (): Findings => {
  const findings: Finding[] = []
  /** Counted per level, so that many warnings never hide an error. */
  const countByKind = new Map<string, number>()
  const kindOf = ({ level, name }: Pick<Finding, 'level' | 'name'>): string => `${level} ${name}`

  const add = (level: Finding['level'], name: string, message: string, place: Place = {}) => {
    const kind = kindOf({ level, name })
    const count = (countByKind.get(kind) ?? 0) + 1
    countByKind.set(kind, count)
    if (count > MAX_FINDINGS_OF_A_NAME) return
    const { path, line, column } = place
    findings.push({
      level,
      name,
      message,
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
      return [{ level: finding.level, name: finding.name, message: `There are ${more} more findings of this kind.` }]
    })
    return [...findings, ...unsaid].sort((a, b) => rank[a.level] - rank[b.level])
  }

  return {
    error: (name, message, place) => add('error', name, message, place),
    warning: (name, message, place) => add('warning', name, message, place),
    note: (name, message, place) => add('note', name, message, place),
    list,
  }
}

/** A person reads no more of one kind, and each is cloned to the page. The others are counted. */
const MAX_FINDINGS_OF_A_NAME = 100

const rank = { error: 0, warning: 1, note: 2 } as const

/** A text from a manifest, short and without line breaks, for a message. `most`: characters that are shown. */
export const quote = (text: string, most = 80): string => {
  const shown = text
    .slice(0, most)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '�')
  return `“${text.length > most ? `${shown}…` : shown}”`
}

/** Names for a sentence: the first few and how many more there are. */
export const listNames = (names: readonly string[]): string => {
  const shown = names.slice(0, 8).join(', ')
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown
}
