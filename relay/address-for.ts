/**
 * Picks the relay address with the same host as the page, or else the first. Without this, a page opened over the LAN
 * would dial the relay on its own machine.
 */
export const addressFor = (addresses: readonly string[], pageHost: string | undefined): string => {
  const name = pageHost?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '') ?? ''
  const host = name === 'localhost' ? '127.0.0.1' : name
  const found = addresses.find((address) => address.split('/')[2] === host) ?? addresses[0]
  if (found === undefined) throw new Error('The relay has no address.')
  return found
}
