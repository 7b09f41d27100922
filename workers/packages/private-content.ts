import type { PrivateSign } from '../contract/finding-reasons.ts'

/**
 * Detects secrets in the text of a file: private keys, tokens of well-known services, URLs with a password.
 *
 * Bounded: scans the first 8 MiB of each file once, with patterns that take linear time. Skips binary files. Not
 * guaranteed: that a file without findings has no secrets, because a password without a distinct form looks like any
 * word.
 */

export interface Secret {
  /** What it is. The secret itself is never repeated. */
  readonly sign: PrivateSign
  /** 1-based. */
  readonly line: number
}

/** Scanned part of a file (bytes): covers notebooks, logs and recordings, and takes less than a second at worst. */
const maxBytes = 8 * 1024 * 1024

/** Length of the prefix in which a NUL marks a file as binary (bytes). */
const binaryProbeBytes = 8 * 1024

/** Returns the first secret in a file, if any. */
export const findSecret = (bytes: Uint8Array): Secret | undefined => {
  const text = toText(bytes)
  if (text === undefined) return undefined
  let first: { at: number; sign: PrivateSign } | undefined
  for (const { sign, pattern, beside, holds = () => true } of rules) {
    if (beside !== undefined && !beside.test(text)) continue
    for (const match of text.matchAll(pattern)) {
      if (first !== undefined && match.index >= first.at) break
      if (holds(match, text)) first = { at: match.index, sign }
    }
  }
  return first === undefined ? undefined : { sign: first.sign, line: lineAt(text, first.at) }
}

/** Returns whether a file with a key extension contains only public parts, or is a Keynote presentation. */
export const isPublicKeyFile = (bytes: Uint8Array): boolean => {
  // Keynote presentations are zip archives.
  if (bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4) return true
  const text = toText(bytes)
  return (
    text !== undefined &&
    /-----BEGIN (?:[A-Z0-9]+ ){0,4}(?:CERTIFICATE(?: REQUEST)?|PUBLIC KEY(?: BLOCK)?|PARAMETERS|SIGNATURE|CRL)-----/.test(
      text,
    ) &&
    !/PRIVATE KEY/.test(text)
  )
}

/** Returns whether a file is a template, whose values are filled in later. */
export const isTemplateText = (bytes: Uint8Array): boolean =>
  /\{\{[^}\n]{0,200}\}\}|\{%[^%\n]{0,200}%\}|<%[^%\n]{0,200}%>/.test(toText(bytes) ?? '')

const toText = (bytes: Uint8Array): string | undefined => {
  const part = bytes.subarray(0, maxBytes)
  const utf16 =
    part[0] === 0xff && part[1] === 0xfe ? 'utf-16le' : part[0] === 0xfe && part[1] === 0xff ? 'utf-16be' : undefined
  if (utf16 !== undefined) return new TextDecoder(utf16).decode(part)
  const probe = part.subarray(0, binaryProbeBytes)
  if (probe.includes(0)) return decodeUnmarked(part, probe)
  // All patterns are ASCII, so a wrong encoding hides no match.
  return new TextDecoder('latin1').decode(part)
}

/** Decodes UTF-16 without a byte order mark, in which every other byte is NUL. Other files with a NUL are binary. */
const decodeUnmarked = (part: Uint8Array, probe: Uint8Array): string | undefined => {
  const nuls = [0, 0]
  for (const [at, byte] of probe.entries()) if (byte === 0) nuls[at % 2] = (nuls[at % 2] ?? 0) + 1
  const [even = 0, odd = 0] = nuls
  const most = probe.length * minNulShare
  if (odd > most && even === 0) return new TextDecoder('utf-16le').decode(part)
  return even > most && odd === 0 ? new TextDecoder('utf-16be').decode(part) : undefined
}

/** Minimum share of NUL bytes in UTF-16 text. All-ASCII text has one half. */
const minNulShare = 0.4

const lineAt = (text: string, at: number): number => {
  let line = 1
  for (let next = text.indexOf('\n'); next !== -1 && next < at; next = text.indexOf('\n', next + 1)) line += 1
  return line
}

interface Rule {
  readonly sign: PrivateSign
  readonly pattern: RegExp
  /** Must also match somewhere in the file. */
  readonly beside?: RegExp
  /** Checks the match and a bounded part of the text around it. */
  holds?(match: RegExpExecArray, text: string): boolean
}

/** Characters after the header of a key within which its body must begin. */
const keyBodyCharacters = 600

/** Minimum length of a key body on the same line as its header, to distinguish it from words (characters). */
const minOneLineCharacters = 40

/** Excludes a header without a body, as in documentation and templates. */
const hasKeyBody = ({ index, 0: begin }: RegExpExecArray, text: string): boolean => {
  const rest = text.slice(index + begin.length, index + begin.length + keyBodyCharacters)
  const part = rest.split('-----', 1)[0] ?? ''
  // Many environment settings replace line breaks by spaces.
  if (new RegExp(`^[ \\t]+[A-Za-z0-9+/=]{${minOneLineCharacters}}`).test(part)) return true
  // Nested JSON escapes line breaks repeatedly.
  if (!/^["'`\\]*[,+\s]*?(?:\\+r)?(?:\\+n|\n)/.test(part)) return false
  const body = part
    .replaceAll(/^[ \t]*(?:#|\/\/|\*|>|;|--|\|)+[ \t]*/gm, '')
    .replaceAll(/^(?:[\w-]+: [^\n]*\n)+/gm, '')
    .replaceAll(/\\+[rn]|["'\\\s,+]/g, '')
  return /^(?!your|my|insert|paste|base64|xxx)[A-Za-z0-9/=]{4,}/i.test(body)
}

/** Returns whether a Base64 text begins like a private key, not like a certificate. */
const isEncodedKey = ({ 0: encoded }: RegExpExecArray): boolean =>
  / PRIVATE KEY-/.test(atob(encoded.slice(0, encoded.length - (encoded.length % 4))))

/** Placeholders for secrets in documentation, templates and settings of local services. */
const placeholder =
  /[<>{}$%*]|^(?:pass(?:word|wd)?|pwd|secret|change[-_]?me|example|user(?:name)?|test|guest|root|admin|postgres|mysql|mongo|rabbitmq|redis|dev|local|x+|\.+|your[-_].*|my[-_].*|token|key|foo|bar|p|pw)$/i

const localHost =
  /^(?:localhost|127\.|0\.0\.0\.0|\[::1\]|host\.docker\.internal|db|postgres|mysql|redis|mongo|rabbitmq)(?:[:/?]|$)/i

const isRealPassword = ({ groups: { user = '', password = '', host = '' } = {} }: RegExpExecArray): boolean =>
  !placeholder.test(password) && password !== user && !localHost.test(host)

const rules: readonly Rule[] = [
  {
    sign: 'private-key',
    pattern: /-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----/g,
    holds: hasKeyBody,
  },
  // As in the secrets of a cluster, and in settings of environments.
  { sign: 'private-key', pattern: /LS0tLS1CRUdJTi[A-Za-z0-9+/]{30,60}/g, holds: isEncodedKey },
  { sign: 'private-key', pattern: /"d"\s{0,4}:\s{0,4}"[A-Za-z0-9_-]{40,}"/g, beside: /"kty"\s{0,4}:/ },
  { sign: 'private-key', pattern: /PuTTY-User-Key-File-\d:|AGE-SECRET-KEY-1[A-Z0-9]{50}/g },
  { sign: 'aws-access-key', pattern: /\b(?:AKIA|ASIA|AROA|AIDA)[A-Z2-7]{16}\b|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  {
    sign: 'aws-secret-key',
    pattern:
      /(?:aws_?secret_?|secret_?access_?)(?:access_?)?key["']?\s{0,4}[=:]\s{0,4}["']?(?<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])/gi,
  },
  { sign: 'github-token', pattern: /\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{22,}/g },
  { sign: 'gitlab-token', pattern: /\bgl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_-]{20,}/g },
  { sign: 'npm-token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  {
    sign: 'registry-token',
    pattern:
      /(?:^|[:/])_(?:authToken|auth|password)\s{0,4}=\s{0,4}["']?(?<value>[^\s"']{4,})|npmAuth(?:Token|Ident):\s{0,4}["']?(?<ident>[^\s"']{4,})/gm,
    holds: ({ groups: { value, ident } = {} }) => !placeholder.test(value ?? ident ?? ''),
  },
  {
    sign: 'registry-password',
    pattern: /"password"\s{0,4}:\s{0,4}"(?<value>[^\s"]{4,})"/g,
    beside: /"http-basic"/,
    holds: ({ groups: { value = '' } = {} }) => !placeholder.test(value),
  },
  {
    sign: 'container-registry-credentials',
    pattern: /"(?:auth|identitytoken)"\s{0,4}:\s{0,4}"[A-Za-z0-9+/=._-]{8,}"/g,
    beside: /"auths"/,
  },
  {
    sign: 'git-credentials',
    pattern:
      /\bextraheader\s{0,4}=\s{0,4}["']?authorization:\s{0,4}(?:basic|bearer|token)\s{1,4}[A-Za-z0-9+/=._-]{8,}/gi,
  },
  {
    sign: 'host-passwords',
    pattern:
      /^machine\s{1,8}[^\s.]{1,100}\.\S{1,200}\s{1,8}login\s{1,8}\S{1,100}\s{1,8}password\s{1,8}(?<value>\S{1,200})/gm,
    holds: ({ groups: { value = '' } = {} }) => !placeholder.test(value),
  },
  { sign: 'pypi-token', pattern: /\bpypi-AgE[A-Za-z0-9_-]{50,}/g },
  {
    sign: 'slack-token',
    pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}|hooks\.slack\.com\/services\/T[A-Z0-9]+\/B[A-Z0-9]+\/[A-Za-z0-9]{16,}/g,
  },
  { sign: 'stripe-key', pattern: /\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9]{24,}/g },
  { sign: 'google-key', pattern: /\bAIza[A-Za-z0-9_-]{35}|\bGOCSPX-[A-Za-z0-9_-]{20,}|\bya29\.[A-Za-z0-9_-]{30,}/g },
  { sign: 'model-provider-key', pattern: /\bsk-(?:proj-|ant-|svcacct-)[A-Za-z0-9_-]{20,}|\bsk-[A-Za-z0-9]{40,}/g },
  { sign: 'hugging-face-token', pattern: /\bhf_[A-Za-z0-9]{30,}/g },
  { sign: 'sendgrid-key', pattern: /\bSG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{40,46}/g },
  { sign: 'digitalocean-token', pattern: /\bdo[opr]_v1_[a-f0-9]{60,}/g },
  { sign: 'vault-token', pattern: /\bhv[sb]\.[A-Za-z0-9_-]{24,}/g },
  { sign: 'azure-key', pattern: /AccountKey=[A-Za-z0-9+/]{40,}={0,2}/g },
  { sign: 'cluster-credentials', pattern: /client-key-data:\s{0,4}[A-Za-z0-9+/=]{20,}/g },
  {
    sign: 'cluster-credentials',
    pattern: /^[ \t]{1,40}(?:token|password):[ \t]{1,4}["']?(?<value>[A-Za-z0-9._-]{8,})/gm,
    beside: /^kind:[ \t]{1,4}["']?Config["']?[ \t\r]{0,4}$/m,
    holds: ({ groups: { value = '' } = {} }) => !placeholder.test(value),
  },
  {
    sign: 'signed-token',
    pattern: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g,
  },
  {
    sign: 'address-with-password',
    pattern:
      /\b[a-z][a-z0-9+.-]{1,20}:\/\/(?<user>[^\s:@/'"<>`]{0,100}):(?<password>[^\s@/'"<>`]{1,200})@(?<host>[^\s'"<>`]{1,100})/gi,
    holds: isRealPassword,
  },
  { sign: 'wallet-key', pattern: /"ciphertext"\s{0,4}:\s{0,4}"[0-9a-f]{32}/g, beside: /"kdf"/ },
  {
    sign: 'database-dump',
    pattern: /^-- (?:PostgreSQL database dump|(?:MySQL|MariaDB) dump )/gm,
    beside: /^(?:INSERT INTO|COPY \S{1,200} .{0,2000}FROM stdin)/m,
  },
]
