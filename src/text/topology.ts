import { messages } from './catalogue.ts'
import { choice, count, params } from './forms.ts'

/** The picture of this peer's connections. */
export const topologyText = messages('topology', {
  title: 'Connections',
  you: 'You',
  /** Accessible name of the picture. */
  picture: 'Connected peers by distance. Arrow keys go from the nearest to the farthest, Enter opens a peer.',
  node: params('{kind} {name}, {path}, {roundTrip}, {health}'),
  kind: choice({ relay: 'Relay', peer: 'Peer' }),
  path: choice({ direct: 'direct', relayed: 'through a relay' }),
  health: choice({ healthy: 'healthy', degraded: 'degraded', unhealthy: 'unhealthy' }),
  notMeasured: 'round trip not measured yet',
  recent: params('{bytesIn} in and {bytesOut} out in the last 10 seconds'),
  noTraffic: 'no traffic in the last 10 seconds',
  summary: params('{peers} and {relays}.'),
  nearest: params('{peers} and {relays}. The nearest peer is {roundTrip} away.'),
  peers: count({ one: '{count} peer', other: '{count} peers' }),
  relays: count({ one: '{count} relay', other: '{count} relays' }),
  more: count({ one: '{count} more peer is in the table.', other: '{count} more peers are in the table.' }),

  starting: 'Looking for peers…',
  offline: 'Offline. This tab keeps trying to connect.',
  aloneTitle: 'You are the only peer here',
  alone: 'Open a second profile in another tab: it is a peer of its own, and connects to this one.',
  openSecond: 'Open a second profile',

  legend: 'Legend',
  legendDistance: 'Distance from the centre: round trip',
  legendRelay: 'Relay',
  legendPeer: 'Peer',
  legendDirect: 'Direct',
  legendRelayed: 'Through a relay',
  legendDegraded: 'Degraded',
  legendUnhealthy: 'Unhealthy',
  legendWidth: 'Width: traffic',
  degradedMark: '!',
  unhealthyMark: '×',
})
