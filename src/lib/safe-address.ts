/** Addresses from untrusted records: only http, https and mailto may become links. */

const schemes = new Set(['http:', 'https:', 'mailto:'])

export const safeAddress = (address: string): string | undefined => {
  const url = URL.parse(address.trim())
  return url !== null && schemes.has(url.protocol) ? url.href : undefined
}

/** Resolves a relative link in the file `from` to a path in the package; undefined if it leaves the package. */
export const pathInPackage = (link: string, from: string): string | undefined => {
  const [reference = ''] = link.split(/[?#]/)
  if (reference === '' || /^[a-z][a-z0-9+.-]*:|^\/\/|\\/i.test(reference)) return undefined
  const segments = reference.startsWith('/') ? [] : from.split('/').slice(0, -1)
  for (const segment of reference.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') segments.push(decoded(segment))
    else if (segments.pop() === undefined) return undefined
  }
  return segments.join('/')
}

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
