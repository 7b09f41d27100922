import { join } from 'node:path'
import type { RelayHealth } from '../create-relay.ts'
import { createQuestions } from './questions.ts'
import { type Part, supervise } from './supervise.ts'

const script = (name: string): string => join(import.meta.dirname, name)
const log = (line: string): void => console.error(line)

export interface RelayPart {
  part: Part
  /** The multiaddrs of the relay, the same over its restarts. */
  started: Promise<readonly string[]>
  /** Undefined while it is down. */
  health(): Promise<RelayHealth | undefined>
}

/** The relay in a process of its own. `onAddresses` is called each time that it is up. */
export const startRelayPart = (onAddresses: (addresses: string[]) => void = () => {}): RelayPart => {
  const questions = createQuestions<RelayHealth>()
  const part = supervise({
    name: 'relay',
    script: script('relay.ts'),
    portVariable: 'RELAY_PORT',
    onReady: ({ addresses }) => onAddresses(addresses),
    onMessage(message) {
      if (message.kind === 'health') questions.answer(message.question, message.health)
    },
    log,
  })
  return {
    part,
    started: part.started.then(({ addresses }) => addresses),
    health: () => questions.ask((question) => part.send({ kind: 'ask-health', question })),
  }
}

export interface PagePart {
  part: Part
  /** Where the page is, without a slash at the end. */
  started: Promise<string>
  setRelay(addresses: string[]): void
}

/** The page's server in a process of its own; `health` is that of the relay. */
export const startPagePart = (health: () => Promise<RelayHealth | undefined>): PagePart => {
  let addresses: string[] = []
  const tellAddresses = (): void => void part.send({ kind: 'addresses', addresses })
  const part = supervise({
    name: 'page server',
    script: script('page.ts'),
    portVariable: 'PORT',
    onReady: tellAddresses,
    onMessage(message) {
      if (message.kind !== 'ask-health') return
      const { question } = message
      health()
        .then((health) => part.send({ kind: 'health', question, health }))
        .catch(log)
    },
    log,
  })
  return {
    part,
    started: part.started.then(({ addresses: [address = ''] }) => address),
    setRelay(now) {
      addresses = now
      tellAddresses()
    },
  }
}
