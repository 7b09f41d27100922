import type { StatusView } from '../../../workers/contract/views.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { inGroups } from '../../lib/names.ts'
import { controlText } from '../../text/controls.ts'
import { networkText } from '../../text/network.ts'

/** Profile, publisher and peer of this tab. */
export const Self = ({ status: { peerId, publisherId, publisherName, profile } }: { status: StatusView }) => (
  <section className="panel">
    <h2>{networkText.you}</h2>
    <dl className="fact-list fact-list-wide">
      <div>
        <dt>{networkText.profile}</dt>
        <dd>{profile}</dd>
      </div>
      <div>
        <dt>{networkText.publisher}</dt>
        <dd className="copyable">
          <span>
            {publisherName} <code className="break">{inGroups(publisherId)}</code>
          </span>
          <CopyButton label={controlText.copyPublisherId} text={publisherId} />
        </dd>
      </div>
      <div>
        <dt>{networkText.peer}</dt>
        <dd className="copyable">
          <code className="break">{peerId}</code>
          <CopyButton label={controlText.copyPeerId} text={peerId} />
        </dd>
      </div>
    </dl>
  </section>
)
