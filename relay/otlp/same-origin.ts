import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a browser sent the request from a page of this server. Browsers set `Sec-Fetch-Site` where the connection is
 * trustworthy, and `Origin` with every POST; scripts can set neither. A proxy may change `Host`, so the former decides.
 */
export const isSameOrigin = ({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean => {
  if (site !== undefined) return site === 'same-origin'
  if (host === undefined || origin === undefined || !URL.canParse(origin)) return false
  const { protocol, host: ofPage } = new URL(origin)
  return /^https?:$/.test(protocol) && ofPage === host.toLowerCase()
}
