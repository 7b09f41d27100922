import { TopicValidatorResult } from '@libp2p/gossipsub'
import { afterEach, expect, test } from 'vitest'
import { PACKAGES_TOPIC } from '../../protocol/protocols.ts'
import { createRelayAnnouncementValidator } from '../../stack/relay-announcement-validator.ts'
import { webCrypto } from '../../stack/web-crypto.ts'
import { announcementOf, createForger, entriesOf } from '../forged-records.ts'
import { createTestNetwork, type TestNode, until } from '../relay-network.ts'

/** Tabs that join one relay at once from one address, as in a classroom. */
const tabCount = 24

/** Target of direct peers per tab: enough for a connected network, and few enough for one process. */
const target = 3

const testMs = 180_000

const network = createTestNetwork()
afterEach(network.stopAll)

test(
  '24 peers from one address that join one relay at once all get a reservation and an announcement',
  async () => {
    const judge = createRelayAnnouncementValidator(webCrypto)
    const relay = await network.startRelay({ validateAnnouncement: judge })
    const address = relay.addressFor(undefined)
    // Each tab finds some others, as in a browser; gossip does not run over relayed connections.
    const tabs = await Promise.all(Array.from({ length: tabCount }, () => network.startTab([address], { target })))
    const received = new Map<TestNode, number>()
    for (const node of tabs) {
      const { pubsub } = node.libp2p.services
      pubsub.topicValidators.set(PACKAGES_TOPIC, async () => TopicValidatorResult.Accept)
      pubsub.subscribe(PACKAGES_TOPIC)
      pubsub.addEventListener('message', () => received.set(node, (received.get(node) ?? 0) + 1))
    }
    await until('all have a reservation', () => tabs.every(isIn))
    expect(relay.health()).toMatchObject({ peers: tabCount, reservations: tabCount })
    await until('the relay knows all subscribers', () => relay.health().subscribers === tabCount)

    const [publisher, ...others] = tabs
    if (publisher === undefined) throw new Error('unreachable')
    const forger = await createForger('publisher')
    const { pubsub } = publisher.libp2p.services
    await until('the publisher knows that the relay subscribed', () => pubsub.getSubscribers(PACKAGES_TOPIC).length > 0)
    await pubsub.publish(PACKAGES_TOPIC, announcementOf(entriesOf(await forger.release('told', '1.0.0'))))
    await until('all have received it', () => others.every((node) => received.get(node) === 1))
  },
  testMs,
)

const isIn = ({ keeper }: TestNode): boolean => keeper.relays()[0]?.reserved === true
