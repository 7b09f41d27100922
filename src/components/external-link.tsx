import type { ReactNode } from 'react'
import { safeAddress } from '../lib/safe-address.ts'
import { Icon } from './icon.tsx'

/** Link to an address from an untrusted record: http, https and mailto become links, anything else stays text. */
export const ExternalLink = ({ address, children }: { address: string; children?: ReactNode }) => {
  const safe = safeAddress(address)
  if (safe === undefined) return <span className="break">{address}</span>
  return (
    <a className="external break" href={safe} rel="noopener noreferrer" target="_blank">
      {children ?? address}
      <Icon name="external" />
    </a>
  )
}
