import type { StatusView } from '../../../workers/contract/views.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { Icon } from '../../components/icon.tsx'
import { controlText } from '../../text/controls.ts'
import { networkText } from '../../text/network.ts'
import { sayReason } from '../../text/reasons.ts'

/** The known relays, and why one is not connected. */
export const Relays = ({ relays }: { relays: StatusView['relays'] }) => (
  <section className="panel">
    <h2>{networkText.relays}</h2>
    {relays.length === 0 ? (
      <p className="calm-note">{networkText.noRelays}</p>
    ) : (
      <ul className="address-list">
        {relays.map(({ address, connected, reason }) => (
          <li key={address}>
            <span className={connected ? 'mark mark-ok' : 'mark'}>
              <Icon name={connected ? 'ok' : 'waiting'} />
              {connected ? networkText.relayConnected : networkText.relayNotConnected}
            </span>
            <code className="break">{address}</code>
            <CopyButton label={controlText.copyRelayAddress} text={address} />
            {reason === undefined ? null : <span className="calm-note">{sayReason(reason)}</span>}
          </li>
        ))}
      </ul>
    )}
  </section>
)
