import { useState } from 'react'
import { Link } from 'wouter'
import type { ReputationView } from '../../../workers/contract/telemetry-views.ts'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useLinks } from '../../hooks/use-app.ts'
import { useNow } from '../../hooks/use-now.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatSpan } from '../../text/format.ts'
import { peersText } from '../../text/peers.ts'
import { peerName, shortPeerId } from './peer-words.ts'
import { Score } from './score.tsx'
import type { PeerActions } from './use-peer-actions.tsx'

/** Rows drawn unasked, and at most: a profile remembers up to 2,000 peers. */
const firstRows = 10
const mostRows = 200

const minuteMs = 60_000

/** Peers that this profile has experience with but no connection to, banned ones last. Draws nothing while folded. */
export const KnownPeers = ({ known, actions }: { known: readonly ReputationView[]; actions: PeerActions }) => {
  const [isOpen, setIsOpen] = useState(false)
  const [showsAll, setShowsAll] = useState(false)
  if (known.length === 0) return null
  const free = known.filter(({ bannedUntil }) => bannedUntil === undefined)
  const banned = known.filter(({ bannedUntil }) => bannedUntil !== undefined)
  // A ban is never left out for want of room: it may be the reason to look here.
  const rows = [...free.slice(0, showsAll ? mostRows : firstRows), ...banned.slice(0, mostRows)]
  return (
    <details className="known-peers" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>
        <Icon className="turn" name="chevron" />
        {peersText.knownTitle(known.length)}
        {banned.length === 0 ? null : <span className="mark mark-error">{peersText.bannedCount(banned.length)}</span>}
      </summary>
      {isOpen ? (
        <>
          <ul className="known-list">
            {rows.map((each) => (
              <Part as="li" key={each.peer} name={drawingFailureText.peer} of={each}>
                <Known actions={actions} known={each} />
              </Part>
            ))}
          </ul>
          {free.length > firstRows && !showsAll ? (
            <Button look="quiet" onClick={() => setShowsAll(true)}>
              {peersText.showAll(Math.min(free.length, mostRows))}
            </Button>
          ) : null}
        </>
      ) : null}
    </details>
  )
}

const Known = ({ known, actions }: { known: ReputationView; actions: PeerActions }) => {
  const links = useLinks()
  const target = { peerId: known.peer, kind: 'peer' } as const
  return (
    <li>
      <Link className="peer-link" href={links.peer(known.peer)} title={known.peer}>
        <code>{shortPeerId(known.peer)}</code>
      </Link>
      <Score parts={known.parts} score={known.score} />
      {known.bannedUntil === undefined ? null : (
        <>
          <BanMark until={known.bannedUntil} />
          <Button
            aria-label={peersText.unbanOf({ name: peerName(target) })}
            look="quiet"
            onClick={() => void actions.unban(target)}
          >
            {peersText.unban}
          </Button>
        </>
      )}
    </li>
  )
}

/** Time left of a ban, in words. */
export const useBanSpan = (until: number): string => formatSpan(Math.max(minuteMs, until - useNow()))

const BanMark = ({ until }: { until: number }) => (
  <span className="mark mark-error">
    <Icon name="ban" />
    {peersText.bannedFor({ span: useBanSpan(until) })}
  </span>
)
