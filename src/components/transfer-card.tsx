import type { TransferView } from '../../workers/contract/views.ts'
import { useCommands } from '../hooks/use-app.ts'
import { formatBytes, inWords, specLabel } from '../lib/format.ts'
import { hasEnded } from '../store/apply-updates.ts'
import { transferSentence, transferShare } from '../store/selectors.ts'
import { sayFailure } from '../text/reasons.ts'
import { Button } from './button.tsx'
import { Progress } from './progress.tsx'

/** One install under way, with cancel; or one that failed, with retry. */
export const TransferCard = ({
  transfer,
  titled = true,
  bare = false,
}: {
  transfer: TransferView
  titled?: boolean
  /** Without buttons, where they stand elsewhere. */
  bare?: boolean
}) => {
  const { cancel, retry, dismissTransfer } = useCommands()
  const { id, specs, state, bytes, totalBytes, failure } = transfer
  const what = inWords(specs.map(specLabel))
  return (
    <div className={state === 'failed' ? 'transfer transfer-failed' : 'transfer'}>
      <div className="transfer-text">
        {titled ? <strong className="transfer-title">{what}</strong> : null}
        <output>{transferSentence(transfer)}</output>
        {totalBytes === 0 ? null : (
          <span className="transfer-bytes">
            {formatBytes(bytes)} of {formatBytes(totalBytes)}
          </span>
        )}
      </div>
      {hasEnded(state) ? null : <Progress label={`Installing ${what}`} share={transferShare(transfer)} />}
      {failure === undefined ? null : <p className="transfer-failure">{sayFailure(failure)}</p>}
      <div className="transfer-actions">
        {bare ? null : state === 'failed' ? (
          <>
            <Button icon="refresh" onClick={() => retry(transfer)}>
              Try again
            </Button>
            <Button look="quiet" onClick={() => dismissTransfer(id)}>
              Dismiss
            </Button>
          </>
        ) : hasEnded(state) ? null : (
          <Button onClick={() => cancel(id)}>Cancel</Button>
        )}
      </div>
    </div>
  )
}
