/** Text split into rows of bounded width for the viewer: a line of a megabyte would freeze the page. */

export interface TextRow {
  /** 1-based line number; undefined for the continuation of a long line. */
  line: number | undefined
  text: string
}

/** Longer lines continue in the next row. */
export const ROW_CHARACTERS = 1000

export const toRows = (text: string): TextRow[] => {
  const rows: TextRow[] = []
  const lines = text.split(/\r\n|\n|\r/)
  // A trailing line break does not start another line.
  if (lines.length > 1 && lines.at(-1) === '') lines.pop()
  lines.forEach((line, index) => {
    let at = 0
    do {
      const end = endOfRow(line, at)
      rows.push({ line: at === 0 ? index + 1 : undefined, text: line.slice(at, end) })
      at = end
    } while (at < line.length)
  })
  return rows
}

/** Text of a file, or undefined if it is binary: contains NUL or invalid UTF-8. */
export const decodeText = (bytes: Uint8Array): string | undefined => {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Never splits a surrogate pair. */
const endOfRow = (line: string, at: number): number => {
  const end = Math.min(at + ROW_CHARACTERS, line.length)
  const last = line.charCodeAt(end - 1)
  return end < line.length && last >= 0xd800 && last <= 0xdbff ? end - 1 : end
}
