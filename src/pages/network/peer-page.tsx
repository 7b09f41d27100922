import './peer-page.css'
import { useParams } from 'wouter'
import type { FailureView } from '../../../workers/contract/failures.ts'
import type { PeerDetailView, ReputationView } from '../../../workers/contract/telemetry-views.ts'
import { Banner } from '../../components/banner.tsx'
import { Button, LinkButton } from '../../components/button.tsx'
import { CopyButton } from '../../components/copy-button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useAppState, useCommands, useLinks } from '../../hooks/use-app.ts'
import { usePolled } from '../../hooks/use-polled.ts'
import { useTitle } from '../../hooks/use-title.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { controlText } from '../../text/controls.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { peersText } from '../../text/peers.ts'
import { sayFailure } from '../../text/reasons.ts'
import { topologyText } from '../../text/topology.ts'
import { useBanSpan } from './known-peers.tsx'
import { PeerConnection } from './peer-connection.tsx'
import { PeerHistory } from './peer-history.tsx'
import { PeerProtocols } from './peer-protocols.tsx'
import { PeerReputation } from './peer-reputation.tsx'
import { peerName, shortPeerId } from './peer-words.ts'
import { Pings } from './pings.tsx'
import { type PeerActions, usePeerActions } from './use-peer-actions.tsx'

const renewMs = 1_000

/** One peer: everything that this tab knows of it, and what can be done with it. */
export default function PeerPage() {
  const { id = '' } = useParams()
  return <Peer id={id} key={id} />
}

type Known =
  | { kind: 'connected'; detail: PeerDetailView }
  | { kind: 'absent'; failure: FailureView; reputation: ReputationView | undefined }
  | { kind: 'failed'; failure: FailureView }

const Peer = ({ id }: { id: string }) => {
  const { peer, reputation } = useCommands()
  const self = useAppState(({ status }) => status?.peerId)
  useTitle(peersText.tabTitle({ id: shortPeerId(id) }))
  const known = usePolled(async (): Promise<Known> => {
    const detail = await peer(id)
    if (!isFailureView(detail)) return { kind: 'connected', detail }
    if (detail.name !== 'PeerUnreachable') return { kind: 'failed', failure: detail }
    const all = await reputation()
    const found = isFailureView(all) ? undefined : all.find((each) => each.peer === id)
    return { kind: 'absent', failure: detail, reputation: found }
  }, renewMs)

  if (id === self) return <NoPeer title={peersText.selfTitle}>{peersText.selfBody}</NoPeer>
  if (known === undefined)
    return (
      <h1 className="page-loading">
        <Icon className="spin" name="working" /> {peersText.loading}
      </h1>
    )
  if (known.kind === 'failed') return <NoPeer title={peersText.malformedTitle}>{sayFailure(known.failure)}</NoPeer>
  return <Described id={id} known={known} />
}

const NoPeer = ({ title, children }: { title: string; children: string }) => {
  const links = useLinks()
  return (
    <EmptyState
      actions={
        <LinkButton href={links.network()} icon="back">
          {peersText.back}
        </LinkButton>
      }
      icon="network"
      level={1}
      title={title}
    >
      <p>{children}</p>
    </EmptyState>
  )
}

const Described = ({ id, known }: { id: string; known: Exclude<Known, { kind: 'failed' }> }) => {
  const actions = usePeerActions()
  const detail = known.kind === 'connected' ? known.detail : undefined
  const reputation = known.kind === 'connected' ? known.detail.reputation : known.reputation
  const kind = detail?.kind ?? 'peer'
  return (
    <article className="peer-page">
      <Head actions={actions} bannedUntil={reputation?.bannedUntil} detail={detail} id={id} kind={kind} />
      {reputation?.bannedUntil === undefined ? null : <Banned until={reputation.bannedUntil} />}
      {known.kind === 'absent' && reputation?.bannedUntil === undefined ? (
        <Banner title={peersText.notConnectedTitle} tone="info">
          {known.failure.reason.code === 'peer-not-connected' ? peersText.notConnected : sayFailure(known.failure)}
        </Banner>
      ) : null}
      {detail === undefined ? null : (
        <>
          <Part name={drawingFailureText.peerConnection} of={detail}>
            <PeerConnection detail={detail} />
          </Part>
          <Part name={drawingFailureText.pings}>
            <Pings peerId={id} />
          </Part>
          <Part name={drawingFailureText.peerHistory} of={detail}>
            <PeerHistory history={detail.history} />
          </Part>
        </>
      )}
      <Part name={drawingFailureText.reputation} of={reputation}>
        <PeerReputation reputation={reputation} />
      </Part>
      {detail === undefined ? null : (
        <Part name={drawingFailureText.protocols} of={detail}>
          <PeerProtocols detail={detail} />
        </Part>
      )}
      {actions.dialog}
    </article>
  )
}

const Head = ({
  id,
  kind,
  detail,
  bannedUntil,
  actions,
}: {
  id: string
  kind: 'relay' | 'peer'
  detail: PeerDetailView | undefined
  bannedUntil: number | undefined
  actions: PeerActions
}) => {
  const links = useLinks()
  const target = { peerId: id, kind }
  const name = peerName(target)
  return (
    <header className="peer-head">
      <LinkButton href={links.network()} icon="back" look="quiet">
        {peersText.back}
      </LinkButton>
      <h1>
        {topologyText.kind(kind)} <code>{shortPeerId(id)}</code>
      </h1>
      <p className="copyable peer-id">
        <code className="break">{id}</code>
        <CopyButton label={controlText.copyPeerId} text={id} />
      </p>
      <div className="actions">
        {detail === undefined ? null : (
          <Button
            aria-label={peersText.disconnectOf({ name })}
            icon="unlink"
            onClick={() => actions.disconnect(target)}
          >
            {peersText.disconnect}
          </Button>
        )}
        {bannedUntil !== undefined ? (
          <Button aria-label={peersText.unbanOf({ name })} icon="ban" onClick={() => void actions.unban(target)}>
            {peersText.unban}
          </Button>
        ) : kind === 'relay' ? null : (
          <Button aria-label={peersText.banOf({ name })} icon="ban" look="danger" onClick={() => actions.ban(target)}>
            {peersText.ban}
          </Button>
        )}
      </div>
    </header>
  )
}

const Banned = ({ until }: { until: number }) => (
  <Banner title={peersText.bannedTitle} tone="warning">
    {peersText.bannedBody({ span: useBanSpan(until) })}
  </Banner>
)
