import type { PrivateSign } from '../contract/finding-reasons.ts'

/**
 * Secrets in the text of a file: private keys, tokens of well-known services, addresses with a password.
 *
 * Bounded: of each file the first 8 MiB are looked at, once, by patterns that take linear time. Binary files are
 * skipped. Not guaranteed: that there is no secret in what passes; a password without a form of its own looks like any
 * other word.
 */

export interface Secret {
  /** What it is. The secret itself is never repeated. */
  readonly sign: PrivateSign
  /** 1-based. */
  readonly line: number
}

/** How much of a file is looked at (bytes): notebooks, logs and recordings too, in under a second at the slowest. */
const maxBytes = 8 * 1024 * 1024

/** A NUL within this first part shows that a file is binary (bytes). */
const binaryProbeBytes = 8 * 1024

/** The first secret in a file; undefined when none is found. */
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

/** Tells whether a key file holds public parts and nothing else, or is a presentation and not a key. */
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

/** Tells whether a file is a template, whose values are filled in where it is used. */
export const isTemplateText = (bytes: Uint8Array): boolean =>
  /\{\{[^}\n]{0,200}\}\}|\{%[^%\n]{0,200}%\}|<%[^%\n]{0,200}%>/.test(toText(bytes) ?? '')

const toText = (bytes: Uint8Array): string | undefined => {
  const part = bytes.subarray(0, maxBytes)
  const utf16 =
    part[0] === 0xff && part[1] === 0xfe ? 'utf-16le' : part[0] === 0xfe && part[1] === 0xff ? 'utf-16be' : undefined
  if (utf16 !== undefined) return new TextDecoder(utf16).decode(part)
  const probe = part.subarray(0, binaryProbeBytes)
  if (probe.includes(0)) return decodeUnmarked(part, probe)
  // What is looked for is ASCII, so a wrong encoding hides nothing of it.
  return new TextDecoder('latin1').decode(part)
}

/** UTF-16 without a mark: most of it ASCII, so every other byte is NUL. Anything else with a NUL is binary. */
const decodeUnmarked = (part: Uint8Array, probe: Uint8Array): string | undefined => {
  const nuls = [0, 0]
  for (const [at, byte] of probe.entries()) if (byte === 0) nuls[at % 2] = (nuls[at % 2] ?? 0) + 1
  const [even = 0, odd = 0] = nuls
  const most = probe.length * minNulShare
  if (odd > most && even === 0) return new TextDecoder('utf-16le').decode(part)
  return even > most && odd === 0 ? new TextDecoder('utf-16be').decode(part) : undefined
}

/** Of all bytes of a text in UTF-16 at least this share is NUL; half of them are where all is ASCII. */
const minNulShare = 0.4

const lineAt = (text: string, at: number): number => {
  let line = 1
  for (let next = text.indexOf('\n'); next !== -1 && next < at; next = text.indexOf('\n', next + 1)) line += 1
  return line
}

interface Rule {
  readonly sign: PrivateSign
  readonly pattern: RegExp
  /** What the file must hold as well. */
  readonly beside?: RegExp
  /** Looks at the match and a bounded part of the text around it. */
  holds?(match: RegExpExecArray, text: string): boolean
}

/** Characters after the first line of a key within which its body must begin. */
const keyBodyCharacters = 600

/** Minimum length of a key on the line of its header (characters); shorter text is taken for words. */
const minOneLineCharacters = 40

/** A header alone, as in documentation and templates, is not a key. */
const hasKeyBody = ({ index, 0: begin }: RegExpExecArray, text: string): boolean => {
  const rest = text.slice(index + begin.length, index + begin.length + keyBodyCharacters)
  const part = rest.split('-----', 1)[0] ?? ''
  // Where line breaks are taken for spaces, as many settings of environments do.
  if (new RegExp(`^[ \\t]+[A-Za-z0-9+/=]{${minOneLineCharacters}}`).test(part)) return true
  // Text in JSON in JSON has its line breaks escaped twice, and so on.
  if (!/^["'`\\]*[,+\s]*?(?:\\+r)?(?:\\+n|\n)/.test(part)) return false
  const body = part
    .replaceAll(/^[ \t]*(?:#|\/\/|\*|>|;|--|\|)+[ \t]*/gm, '')
    .replaceAll(/^(?:[\w-]+: [^\n]*\n)+/gm, '')
    .replaceAll(/\\+[rn]|["'\\\s,+]/g, '')
  return /^(?!your|my|insert|paste|base64|xxx)[A-Za-z0-9/=]{4,}/i.test(body)
}

/** Tells whether a text in Base64 begins as a private key does, and not a certificate. */
const isEncodedKey = ({ 0: encoded }: RegExpExecArray): boolean =>
  / PRIVATE KEY-/.test(atob(encoded.slice(0, encoded.length - (encoded.length % 4))))

/** Values that stand for a secret, in documentation, templates and settings of a machine's own services. */
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
