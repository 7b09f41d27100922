/** Lines and columns, 1-based; columns count UTF-16 units, as editors do. */
export interface Position {
  line: number
  column: number
}

export const positionAt = (text: string, offset: number): Position => {
  let line = 1
  let lineStart = 0
  for (let end = text.indexOf('\n'); end >= 0 && end < offset; end = text.indexOf('\n', end + 1)) {
    line++
    lineStart = end + 1
  }
  return { line, column: offset - lineStart + 1 }
}

/** Returns the first position of a quoted text in a manifest, if it is written without escapes. */
export const positionOf = (text: string, quoted: string): Position | undefined => {
  for (const mark of ['"', "'"]) {
    const offset = text.indexOf(mark + quoted + mark)
    if (offset >= 0) return positionAt(text, offset)
  }
  return undefined
}
