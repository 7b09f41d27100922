/** Limits on a configured address and its headers (characters, headers). */
const maxCharacters = 2_000
const maxHeaders = 32

/** Base URL of a collector without a slash at its end; undefined for anything else. */
export const parseEndpoint = (text: string): string | undefined => {
  if (text === '' || text.length > maxCharacters || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const isPlain = /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  return isPlain && !/[?#]/.test(text) ? `${url.origin}${url.pathname.replace(/\/+$/, '')}` : undefined
}

/** Headers that belong to the connection or to the body. */
const reserved = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Headers in the format of OTEL_EXPORTER_OTLP_HEADERS: `name=value,name=value`, values percent-encoded. Names come back
 * in lower case.
 * @returns undefined when a name or value cannot be sent.
 */
export const parseHeaders = (text: string): Record<string, string> | undefined => {
  if (text === '') return {}
  const pairs = text.split(',').filter((pair) => pair.trim() !== '')
  if (pairs.length > maxHeaders || text.length > maxCharacters * 4) return undefined
  const headers: Record<string, string> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, Math.max(0, at)).trim().toLowerCase()
    const value = decoded(pair.slice(at + 1).trim())
    const isToken = /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)
    if (at < 0 || !isToken || reserved.has(name) || value === undefined) return undefined
    headers[name] = value
  }
  return headers
}

/** Undefined for a malformed escape, and for characters that no header may have. */
const decoded = (text: string): string | undefined => {
  try {
    const value = decodeURIComponent(text)
    return /^[\t\x20-\x7e]*$/.test(value) ? value : undefined
  } catch {
    return undefined
  }
}
