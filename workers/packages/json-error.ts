import type { JsonExpectation, ManifestFault } from '../contract/finding-reasons.ts'

/**
 * Locates the first syntax error of a JSON text (RFC 8259). Error messages differ between engines, and some have no
 * position. No recursion: nesting costs only memory.
 */

export interface JsonError {
  offset: number
  /** `expected` and `ends`: something else should stand there, or before the text ends. */
  fault: Extract<ManifestFault, 'expected' | 'ends' | 'unclosed-text' | 'unescaped-control' | 'unknown-escape'>
  expected?: JsonExpectation
}

/** Returns the first error, or undefined for valid JSON. */
export const findJsonError = (text: string): JsonError | undefined => {
  const open: ('{' | '[')[] = []
  let expected: JsonExpectation = 'value'
  let offset = 0
  for (;;) {
    offset = skip(whitespace, text, offset)
    const character = text[offset]
    if (character === undefined) {
      return expected === 'end' ? undefined : { offset, fault: 'ends', expected }
    }
    const wrong: JsonError = { offset, fault: 'expected', expected }
    if (character === closing[open.at(-1) ?? ''] && closes.has(expected)) {
      open.pop()
      offset++
      expected = open.length === 0 ? 'end' : 'comma'
      continue
    }
    switch (expected) {
      case 'comma':
        if (character !== ',') return wrong
        offset++
        expected = open.at(-1) === '{' ? 'key' : 'value'
        break
      case 'colon':
        if (character !== ':') return wrong
        offset++
        expected = 'value'
        break
      case 'key':
      case 'key or end': {
        if (character !== '"') return wrong
        const end = endOfString(text, offset)
        if (typeof end !== 'number') return end
        offset = end
        expected = 'colon'
        break
      }
      case 'value':
      case 'value or end': {
        if (character === '{' || character === '[') {
          open.push(character)
          offset++
          expected = character === '{' ? 'key or end' : 'value or end'
          break
        }
        const end = character === '"' ? endOfString(text, offset) : skip(scalar, text, offset)
        if (typeof end !== 'number') return end
        if (end === offset) return wrong
        offset = end
        expected = open.length === 0 ? 'end' : 'comma'
        break
      }
      case 'end':
        return wrong
    }
  }
}

const closes: ReadonlySet<JsonExpectation> = new Set(['value or end', 'key or end', 'comma'])
const closing: Record<string, string> = { '{': '}', '[': ']' }

const whitespace = /[ \t\r\n]*/y
const scalar = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])|/y
// JSON strings forbid only U+0000 to U+001F; DEL and the C1 controls are allowed.
const anyText = /[ !#-[\]-\uffff]*/y
const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

const skip = (pattern: RegExp, text: string, offset: number): number => {
  pattern.lastIndex = offset
  return pattern.test(text) ? pattern.lastIndex : offset
}

const endOfString = (text: string, start: number): number | JsonError => {
  let offset = start + 1
  for (;;) {
    const next = skip(anyText, text, offset)
    const character = text[next]
    if (character === '"') return next + 1
    if (character === undefined) return { offset: start, fault: 'unclosed-text' }
    if (character !== '\\') {
      return { offset: next, fault: 'unescaped-control' }
    }
    offset = skip(escapeSequence, text, next)
    if (offset === next) return { offset: next, fault: 'unknown-escape' }
  }
}
