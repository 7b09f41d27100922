import { messages } from './catalogue.ts'
import { choice, count, params } from './forms.ts'

/** The state of the network: the line in the header and the page behind it. */
export const networkText = messages('network', {
  tabTitle: 'Network',
  title: 'Network',

  notRunning: 'Not running',
  starting: 'Starting…',
  connectedTo: count({ one: 'Connected to {count} peer', other: 'Connected to {count} peers' }),
  noDirectPeers: 'Online, no direct peers',
  connectingToPeers: 'Online, connecting to peers',
  alone: 'Online, no other peers yet',
  offline: 'Offline: showing saved packages',
  connecting: 'Connecting…',

  steps: 'Connection state',
  stepState: choice({ ok: 'Working', working: 'In progress', waiting: 'Waiting', failed: 'Not working' }),
  stepDetails: 'Details',
  stepsOpen: params('Not finished: {steps}.'),
  changed: params(', changed {ago}'),
  step: choice({
    relay: 'Relay',
    reservation: 'Reachable',
    direct: 'Direct connections',
    topic: 'Announcements',
    catalogue: 'Catalogue',
    storage: 'Storage',
  }),

  relayOk: count({ one: 'Connected to {count} relay.', other: 'Connected to {count} relays.' }),
  relayFailed: 'No relay can be reached. Packages saved here still work.',
  relayNext: 'Check your internet connection. To use your own relay, add ?relay= to the address.',

  reservation: choice({
    ok: 'Other peers can reach this tab through the relay.',
    failed: 'The relay granted no reservation, so other peers cannot find this tab. You can still reach them.',
  }),
  reservationNext: 'The relay may be full. This tab keeps trying.',

  directOk: count({ one: 'Connected directly to {count} peer.', other: 'Connected directly to {count} peers.' }),
  directFailed: 'No direct connection. Packages come through the relay: slower, and at most 16 MB each.',
  directNextNoWebRtc: 'This browser has no WebRTC, or it is turned off. Turn it on or use another browser.',
  directNext: 'A strict firewall, a VPN or an extension may block WebRTC. Try another network.',

  topic: choice({ ok: 'Receiving package announcements.', failed: 'Not receiving package announcements.' }),
  topicNext: 'This tab keeps trying.',

  catalogueOk: count({ one: '{count} package known.', other: '{count} packages known.' }),
  catalogueFailed: 'The catalogue could not be fetched. Packages saved here still work.',
  catalogueNext: 'This tab tries the next peer.',

  storage: choice({
    ok: 'Installed and published packages are saved in this browser.',
    failed: 'This browser blocks storage. Everything works, but nothing is saved after you close this tab.',
  }),
  storageNext: 'Private windows block storage: open the page in a normal window.',
  stepFailedBecause: params('{state} {reason}'),

  peers: 'Peers',
  noPeers: 'Not connected to any peer. Open this page in another browser to connect two.',
  peer: 'Peer',
  kind: 'Kind',
  peerKind: choice({ relay: 'Relay', peer: 'Peer' }),
  connection: 'Connection',
  path: choice({ direct: 'Direct', relayed: 'Through a relay' }),
  health: 'Health',
  healthy: 'Good',
  roundTrip: 'Round trip',
  notMeasured: 'Not measured',
  connected: 'Connected',

  lookups: 'Cache',
  noLookups: 'No packages or files read yet.',
  lookupsSum: count({
    one: '{count} read of a package or file: {places}.',
    other: '{count} reads of packages and files: {places}.',
  }),
  fromMemory: params('{number} answered from memory'),
  fromStorage: params('{number} from browser storage'),
  fromPeers: params('{number} sent to other peers'),
  notStored: params('{number} not in this browser'),
  cache: count({
    one: 'Of the last one, the cache in memory answered {share}; an ideal cache of its size would answer {best}.',
    other: 'Of the last {count}, the cache in memory answered {share}; an ideal cache of its size would answer {best}.',
  }),

  relays: 'Relays',
  noRelays: 'No known relays. The server of this site lists them. To use your own, add ?relay= to the address.',
  relayConnected: 'Connected',
  relayNotConnected: 'Not connected',

  connectTitle: 'Connect to an address',
  address: 'Address of a peer or relay (multiaddr)',
  addressExample: '/ip4/…/tcp/…/ws/p2p/…',
  connect: 'Connect',

  you: 'You',
  profile: 'Profile',
  publisher: 'Publisher',
})
