import type { GossipSub } from '@libp2p/gossipsub'

/**
 * The peers in this node's mesh of a topic, which gossipsub has and its interface does not show. Checked for at run time;
 * without it the mesh seems empty.
 */
export const meshPeers = (pubsub: GossipSub, topic: string): string[] =>
  hasMesh(pubsub) ? pubsub.getMeshPeers(topic) : []

const hasMesh = (pubsub: GossipSub): pubsub is GossipSub & { getMeshPeers(topic: string): string[] } =>
  'getMeshPeers' in pubsub && typeof pubsub.getMeshPeers === 'function'
