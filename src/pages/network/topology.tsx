import './topology.css'
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react'
import { Link } from 'wouter'
import type { PeerView } from '../../../workers/contract/views.ts'
import { Icon } from '../../components/icon.tsx'
import { useAppState, useLinks } from '../../hooks/use-app.ts'
import { nextProfile } from '../../routes.ts'
import type { State } from '../../store/state.ts'
import { formatDuration } from '../../text/format.ts'
import { topologyText } from '../../text/topology.ts'
import { createFlowDetector, type Flow, widthOf } from './flows.ts'
import { peerSentence, recentTraffic } from './peer-words.ts'
import { createTopologyPlacement, freestAngle, maxPlaced, type PlacedPeer, pictureRadius } from './topology-layout.ts'
import { Legend } from './topology-legend.tsx'

const none: readonly PeerView[] = []

/** Up to this number the end of each id is written beside its node. */
const maxNamed = 14
/** Characters of an id that tell peers apart; all ids begin alike. */
const nameCharacters = 4

/**
 * This peer in the middle of its connections: the farther, the longer the round trip. The table of peers shows the same
 * and more, so the picture may leave out all but the nearest.
 */
export const Topology = () => {
  const titleId = useId()
  const online = useAppState(({ status }) => status?.online)
  // The list is polled, so the last one is out of date when offline.
  const peers = useAppState(({ status, peers }) => (status?.online === false ? none : (peers ?? none)))
  const isAlone = useAppState((state) => isSurelyAlone(state, Date.now()))
  const shown = useMemo(() => nearestFirst(peers).slice(0, maxPlaced), [peers])
  const [pointed, setPointed] = useState<string>()
  return (
    <section aria-labelledby={titleId} className="panel topology">
      <h2 id={titleId}>{topologyText.title}</h2>
      <Picture onPoint={setPointed} peers={shown} />
      <div className="topology-foot">
        {isAlone ? (
          <Alone />
        ) : (
          <>
            <Caption online={online !== false} peers={peers} pointed={peers.find(({ peerId }) => peerId === pointed)} />
            <Legend />
          </>
        )}
      </div>
    </section>
  )
}

/** Time in which a relay was asked for peers in vain (ms) before a newcomer is told that nobody is there. */
const aloneAfterMs = 5_000

const isSurelyAlone = ({ status, peers }: Pick<State, 'status' | 'peers'>, now: number): boolean =>
  status?.online === true &&
  status.steps.direct.state === 'waiting' &&
  now - status.steps.direct.since >= aloneAfterMs &&
  peers?.every(({ kind }) => kind === 'relay') === true

/** Relays first among equally distant ones; unmeasured last. The order of the arrow keys. */
const nearestFirst = (peers: readonly PeerView[]): PeerView[] =>
  [...peers].sort(
    (a, b) =>
      (a.rttMs ?? Number.POSITIVE_INFINITY) - (b.rttMs ?? Number.POSITIVE_INFINITY) ||
      Number(b.kind === 'relay') - Number(a.kind === 'relay') ||
      (a.peerId < b.peerId ? -1 : 1),
  )

const Picture = ({ peers, onPoint }: { peers: readonly PeerView[]; onPoint: (peerId: string | undefined) => void }) => {
  const [{ place }] = useState(createTopologyPlacement)
  const [detect] = useState(createFlowDetector)
  const [flows, setFlows] = useState<ReadonlyMap<string, Flow>>(new Map())
  useEffect(() => setFlows(detect(peers)), [detect, peers])
  const { nodes, nodeRadius, rings, unmeasuredRadius } = useMemo(
    () => place(peers.map(({ peerId, rttMs }) => ({ id: peerId, rttMs }))),
    [place, peers],
  )
  const freeAngle = freestAngle(nodes)
  const placeById = new Map(nodes.map((node) => [node.id, node]))
  const walk = useWalk(peers.map(({ peerId }) => peerId))
  const drawn = peers.flatMap((peer) => {
    const node = placeById.get(peer.peerId)
    return node === undefined ? [] : [{ peer, node }]
  })
  return (
    // biome-ignore lint/a11y/useSemanticElements: a drawing has no element for a group of links
    <svg
      aria-label={topologyText.picture}
      className="topology-picture"
      role="group"
      viewBox={`${-pictureRadius} ${-pictureRadius} ${2 * pictureRadius} ${2 * pictureRadius}`}
    >
      {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in this group can be focused */}
      <g aria-hidden="true">
        {rings.map(({ ms, radius }) => (
          <circle className="topology-ring" key={ms} r={radius} />
        ))}
        {unmeasuredRadius === undefined ? null : <circle className="topology-unmeasured" r={unmeasuredRadius} />}
        {drawn.map(({ peer, node }) => (
          <Edge count={drawn.length} flow={flows.get(peer.peerId)} key={peer.peerId} node={node} peer={peer} />
        ))}
        {rings.map(({ ms, radius }) => (
          <text
            className="topology-distance"
            key={ms}
            x={Math.cos(freeAngle) * radius}
            y={Math.sin(freeAngle) * radius + 4}
          >
            {formatDuration(ms)}
          </text>
        ))}
        <circle className="topology-self" r="15" />
        <circle className="topology-self-inner" r="10" />
        <text className="topology-you" y="31">
          {topologyText.you}
        </text>
      </g>
      {drawn.map(({ peer, node }) => (
        <Node
          key={peer.peerId}
          node={node}
          onPoint={onPoint}
          peer={peer}
          size={nodeRadius}
          {...walk.propsOf(peer.peerId)}
        />
      ))}
      <Marks drawn={drawn} size={nodeRadius} />
      {drawn.length <= maxNamed ? <Names nodes={nodes} size={nodeRadius} /> : null}
    </svg>
  )
}

/** Signs of bad health, outside of the links, whose accessible names say it in words. */
const Marks = ({ drawn, size }: { drawn: readonly { peer: PeerView; node: PlacedPeer }[]; size: number }) => (
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in this group can be focused
  <g aria-hidden="true">
    {drawn.map(({ peer: { peerId, health }, node: { x, y } }) =>
      health === 'healthy' ? null : (
        <text
          className={`topology-mark topology-${health}`}
          fontSize={Math.max(size * 1.5, 10)}
          key={peerId}
          style={{ translate: pixels(x, y) }}
        >
          {health === 'degraded' ? topologyText.degradedMark : topologyText.unhealthyMark}
        </text>
      ),
    )}
  </g>
)

/** Outside of the links, whose accessible names say more. */
const Names = ({ nodes, size }: { nodes: readonly PlacedPeer[]; size: number }) => (
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in this group can be focused
  <g aria-hidden="true">
    {nodes.map(({ id, x, y }) => (
      <text className="topology-name" key={id} style={{ translate: pixels(x, y) }} y={size + 14}>
        {id.slice(-nameCharacters)}
      </text>
    ))}
  </g>
)

const pixels = (...lengths: number[]): string => lengths.map((length) => `${length}px`).join(' ')

/** One tab stop for all nodes; the arrow keys go through `ids` in order. */
const useWalk = (ids: readonly string[]) => {
  const elements = useRef(new Map<string, SVGElement>())
  const [current, setCurrent] = useState<string>()
  const stop = current !== undefined && ids.includes(current) ? current : ids[0]
  const onKeyDown = (event: KeyboardEvent): void => {
    const target = targetOf(event.key, ids.indexOf(stop ?? ''), ids.length)
    if (target === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    elements.current.get(ids[target] ?? '')?.focus()
  }
  return {
    propsOf: (id: string): WalkProps => ({
      tabIndex: id === stop ? 0 : -1,
      onKeyDown,
      onFocused: () => setCurrent(id),
      register(element) {
        if (element === null) elements.current.delete(id)
        else elements.current.set(id, element)
      },
    }),
  }
}

interface WalkProps {
  tabIndex: number
  onKeyDown: (event: KeyboardEvent) => void
  onFocused: () => void
  register: (element: SVGElement | null) => void
}

const targetOf = (key: string, at: number, count: number): number | undefined => {
  if (key === 'ArrowRight' || key === 'ArrowDown') return Math.min(at + 1, count - 1)
  if (key === 'ArrowLeft' || key === 'ArrowUp') return Math.max(at - 1, 0)
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  return undefined
}

/** Drawn along the x axis from 0 to 1, then turned and stretched, so that a move is a transition. */
const Edge = ({
  peer,
  node,
  flow,
  count,
}: {
  peer: PeerView
  node: PlacedPeer
  flow: Flow | undefined
  count: number
}) => (
  <g className={`topology-edge topology-${peer.path} topology-${peer.health}`} style={{ rotate: `${node.angle}rad` }}>
    <line strokeWidth={widthOf(peer, count)} style={{ scale: `${node.radius} 1` }} x2="1" />
    {flow?.in === true ? <line className="topology-in" style={{ scale: `${node.radius} 1` }} x2="1" /> : null}
    {flow?.out === true ? <line className="topology-out" style={{ scale: `${node.radius} 1` }} x2="1" /> : null}
  </g>
)

const Node = ({
  peer,
  node,
  size,
  onPoint,
  tabIndex,
  onKeyDown,
  onFocused,
  register,
}: { peer: PeerView; node: PlacedPeer; size: number; onPoint: (peerId: string | undefined) => void } & WalkProps) => {
  const links = useLinks()
  const { peerId, kind, health } = peer
  const point = (): void => onPoint(peerId)
  const leave = (): void => onPoint(undefined)
  return (
    <Link
      aria-label={peerSentence(peer)}
      className={`topology-node topology-${health}`}
      href={links.peer(peerId)}
      onBlur={leave}
      onFocus={() => {
        onFocused()
        point()
      }}
      onKeyDown={onKeyDown}
      onPointerEnter={point}
      onPointerLeave={leave}
      ref={(element: unknown) => register(element instanceof SVGElement ? element : null)}
      style={{ translate: pixels(node.x, node.y) }}
      tabIndex={tabIndex}
    >
      <circle className="topology-target" r={Math.max(size, smallestTarget)} />
      {kind === 'relay' ? (
        <rect className="topology-shape" height={2 * size} rx="2" width={2 * size} x={-size} y={-size} />
      ) : (
        <circle className="topology-shape" r={size} />
      )}
    </Link>
  )
}

/** Radius of the area that reacts to a finger or pointer (px). */
const smallestTarget = 13

const Caption = ({
  peers,
  pointed,
  online,
}: {
  peers: readonly PeerView[]
  pointed: PeerView | undefined
  online: boolean
}) => (
  <p className="topology-caption">
    {pointed === undefined ? summaryOf(peers, online) : `${peerSentence(pointed)}; ${recentTraffic(pointed)}`}
  </p>
)

const summaryOf = (all: readonly PeerView[], online: boolean): string => {
  const [relays, peers] = [all.filter(({ kind }) => kind === 'relay'), all.filter(({ kind }) => kind === 'peer')]
  if (peers.length === 0) return online ? topologyText.starting : topologyText.offline
  const counted = { peers: topologyText.peers(peers.length), relays: topologyText.relays(relays.length) }
  const nearest = Math.min(...peers.map(({ rttMs }) => rttMs ?? Number.POSITIVE_INFINITY))
  const sentence = Number.isFinite(nearest)
    ? topologyText.nearest({ ...counted, roundTrip: formatDuration(nearest) })
    : topologyText.summary(counted)
  return all.length > maxPlaced ? `${sentence} ${topologyText.more(all.length - maxPlaced)}` : sentence
}

const Alone = () => {
  const links = useLinks()
  const profile = useAppState(({ status }) => status?.profile)
  return (
    <div className="topology-alone">
      <h3>{topologyText.aloneTitle}</h3>
      <p>{topologyText.alone}</p>
      <a className="button button-primary" href={links.profile(nextProfile(profile))} rel="noopener" target="_blank">
        <Icon name="external" />
        {topologyText.openSecond}
      </a>
    </div>
  )
}
