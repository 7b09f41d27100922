import type { PeerDetailView } from '../../../workers/contract/telemetry-views.ts'
import { formatCount } from '../../text/numbers.ts'
import { peersText } from '../../text/peers.ts'
import { tame } from '../../text/words.ts'

/** Open streams, protocols and addresses. The peer chose the texts, and the engine limits their number and length. */
export const PeerProtocols = ({ detail: { streams, protocols, addresses } }: { detail: PeerDetailView }) => (
  <>
    <section className="panel">
      <h2>{peersText.streams}</h2>
      {streams.length === 0 ? (
        <p className="calm-note">{peersText.noStreams}</p>
      ) : (
        <dl className="peer-streams">
          {streams.map(({ protocol, count }) => (
            <div key={protocol}>
              <dt>
                <code className="break">{tame(protocol)}</code>
              </dt>
              <dd>{formatCount(count)}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
    <section className="panel">
      <h2>{peersText.protocols}</h2>
      <Texts none={peersText.noProtocols} texts={protocols} />
    </section>
    <section className="panel">
      <h2>{peersText.addresses}</h2>
      <Texts none={peersText.noAddresses} texts={addresses} />
    </section>
  </>
)

const Texts = ({ texts, none }: { texts: readonly string[]; none: string }) =>
  texts.length === 0 ? (
    <p className="calm-note">{none}</p>
  ) : (
    <ul className="plain-list">
      {texts.map((text) => (
        <li key={text}>
          <code>{tame(text)}</code>
        </li>
      ))}
    </ul>
  )
