import type { ReputationView } from '../../../workers/contract/telemetry-views.ts'
import { formatDecimal, formatScore } from '../../text/numbers.ts'
import { peersText } from '../../text/peers.ts'
import { Score, scoreParts, scoreWeights } from './score.tsx'

/** The score of a peer and what it is made of; present for banned and unconnected peers too. */
export const PeerReputation = ({ reputation }: { reputation: ReputationView | undefined }) => (
  <section className="panel">
    <h2>{peersText.reputation}</h2>
    {reputation === undefined ? (
      <p className="calm-note">{peersText.unknown}</p>
    ) : (
      <>
        <Score parts={reputation.parts} score={reputation.score} />
        <dl className="fact-list fact-list-wide peer-facts">
          {scoreParts.map((part) => (
            <div key={part}>
              <dt>{peersText.part(part)}</dt>
              <dd>
                {peersText.weighted({
                  part: formatScore(reputation.parts[part] * scoreWeights[part]),
                  most: formatScore(scoreWeights[part]),
                })}
                <span className="hint peer-meaning">{peersText.partMeaning(part)}</span>
              </dd>
            </div>
          ))}
          <div>
            <dt>{peersText.faults}</dt>
            <dd>{reputation.faults < 0.05 ? peersText.noFaults : formatDecimal(reputation.faults)}</dd>
          </div>
        </dl>
      </>
    )}
  </section>
)
