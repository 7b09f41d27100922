import { TopicValidatorResult } from '@libp2p/gossipsub'
import { afterEach, expect, test } from 'vitest'
import { PACKAGES_TOPIC } from '../../protocol/protocols.ts'
import { createRelayAnnouncementValidator } from '../../stack/relay-announcement-validator.ts'
import { webCrypto } from '../../stack/web-crypto.ts'
import { announcementOf, createForger, entriesOf } from '../forged-records.ts'
import { createTestNetwork, type TestNode, until } from '../relay-network.ts'

/** A class room: as many as one relay is asked for at once, all from one address. */
const tabCount = 24

/** Tabs that each looks for: enough to hang together, and few enough for one process. */
const target = 3

const testMs = 180_000

const network = createTestNetwork()
afterEach(network.stopAll)

test(
  '24 peers from one address come to one relay in the same moment: all get in, and all hear what one publishes',
  async () => {
    const judge = createRelayAnnouncementValidator(webCrypto)
    const relay = await network.startRelay({ validateAnnouncement: judge })
    const address = relay.addressFor(undefined)
    // Each finds some of the others, as in a browser; gossip does not run over relayed connections.
    const tabs = await Promise.all(Array.from({ length: tabCount }, () => network.startTab([address], { target })))
    const heard = new Map<TestNode, number>()
    for (const node of tabs) {
      const { pubsub } = node.libp2p.services
      pubsub.topicValidators.set(PACKAGES_TOPIC, async () => TopicValidatorResult.Accept)
      pubsub.subscribe(PACKAGES_TOPIC)
      pubsub.addEventListener('message', () => heard.set(node, (heard.get(node) ?? 0) + 1))
    }
    await until('all have a reservation', () => tabs.every(isIn))
    expect(relay.health()).toMatchObject({ peers: tabCount, reservations: tabCount })
    await until('the relay knows who follows', () => relay.health().subscribers === tabCount)

    const [publisher, ...others] = tabs
    if (publisher === undefined) throw new Error('unreachable')
    const forger = await createForger('publisher')
    const { pubsub } = publisher.libp2p.services
    await until('the publisher knows that the relay follows', () => pubsub.getSubscribers(PACKAGES_TOPIC).length > 0)
    await pubsub.publish(PACKAGES_TOPIC, announcementOf(entriesOf(await forger.release('told', '1.0.0'))))
    await until('all have heard it', () => others.every((node) => heard.get(node) === 1))
  },
  testMs,
)

const isIn = ({ keeper }: TestNode): boolean => keeper.relays()[0]?.reserved === true
