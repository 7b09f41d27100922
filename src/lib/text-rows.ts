/** Text files as the viewer shows them: rows of bounded width, so that one line of a megabyte does not stop the page. */

export interface TextRow {
  /** 1-based number of the line; undefined where a long line goes on. */
  line: number | undefined
  text: string
}

/** Longer lines are continued in the next row. */
export const ROW_CHARACTERS = 1000

export const toRows = (text: string): TextRow[] => {
  const rows: TextRow[] = []
  const lines = text.split(/\r\n|\n|\r/)
  // A file that ends with a line break has no line after it.
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

/** The text of a file, or undefined when it is binary: it has a NUL, or is no UTF-8. */
export const decodeText = (bytes: Uint8Array): string | undefined => {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Never cuts between the two halves of one character. */
const endOfRow = (line: string, at: number): number => {
  const end = Math.min(at + ROW_CHARACTERS, line.length)
  const last = line.charCodeAt(end - 1)
  return end < line.length && last >= 0xd800 && last <= 0xdbff ? end - 1 : end
}
