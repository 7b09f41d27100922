import { Link } from 'wouter'
import type { SpanView } from '../../../workers/contract/telemetry-views.ts'
import { useLinks } from '../../hooks/use-app.ts'
import { shortened } from '../../lib/names.ts'

/** A peer id in base58, as Ed25519 and RSA keys have them. */
const peerIdForm = /^[1-9A-HJ-NP-Za-km-z]{40,64}$/

export const isPeerId = (value: unknown): value is string => typeof value === 'string' && peerIdForm.test(value)

/** The peer that a step was done with. */
export const peerOfSpan = ({ attributes }: Pick<SpanView, 'attributes'>): string | undefined =>
  [attributes['peer'], attributes['relay']].find(isPeerId)

export const PeerLink = ({ peer }: { peer: string }) => {
  const links = useLinks()
  return (
    <Link href={links.peer(peer)} title={peer}>
      <code>{shortened(peer, 6)}</code>
    </Link>
  )
}
