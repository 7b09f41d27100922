import type { PrivateSign } from '../contract/finding-reasons.ts'
import type { FileInput } from '../contract/views.ts'
import type { Findings } from './findings.ts'
import { findSecret, isPublicKeyFile, isTemplateText } from './private-content.ts'
import { isInTemplates, mayBePublic, privateName } from './private-names.ts'

/**
 * Blocks publishing until a person has confirmed each file that looks private by its path, because published files are
 * readable by everyone and cannot be deleted.
 *
 * A file looks private by its name (`private-names.ts`), unless its content proves it public or a template, or by its
 * content (`private-content.ts`).
 */
export const checkPrivateFiles = (
  files: readonly FileInput[],
  confirmed: ReadonlySet<string>,
  findings: Findings,
): void => {
  for (const file of files) {
    const secret = findPrivate(file)
    if (secret === undefined) continue
    const { sign, line } = secret
    const { path } = file
    const place = { path, ...(line === undefined ? {} : { line, column: 1 }) }
    const reason = { code: 'private-file', path, sign, confirmed: confirmed.has(path) } as const
    if (reason.confirmed) findings.warning('PrivateFile', reason, place)
    else findings.error('PrivateFile', reason, place)
  }
}

/** Why this file looks private, and the line where its content shows that; undefined when it does not. */
export const findPrivate = ({ path, bytes }: FileInput): { sign: PrivateSign; line?: number } | undefined => {
  const found = findSecret(bytes)
  if (found !== undefined) return found
  const sign = privateName(path)
  if (sign === undefined) return undefined
  const isHarmless = (mayBePublic(path) && isPublicKeyFile(bytes)) || (isInTemplates(path) && isTemplateText(bytes))
  return isHarmless ? undefined : { sign }
}
