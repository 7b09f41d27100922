import type { TransferView } from '../../workers/contract/views.ts'
import { useCommands } from '../hooks/use-app.ts'
import { specLabel } from '../lib/names.ts'
import { hasEnded } from '../store/apply-updates.ts'
import { transferSentence, transferShare } from '../store/selectors.ts'
import { controlText } from '../text/controls.ts'
import { formatBytes, formatList } from '../text/format.ts'
import { sayFailure } from '../text/reasons.ts'
import { transferText } from '../text/transfers.ts'
import { Button } from './button.tsx'
import { Progress } from './progress.tsx'
import { TransferDetails } from './transfer-details.tsx'

/** A running install with cancel, or a failed one with retry. */
export const TransferCard = ({
  transfer,
  titled = true,
  bare = false,
}: {
  transfer: TransferView
  titled?: boolean
  /** Without buttons, where the surroundings have them. */
  bare?: boolean
}) => {
  const { cancel, retry, dismissTransfer } = useCommands()
  const { id, specs, state, bytes, totalBytes, failure } = transfer
  const what = formatList(specs.map(specLabel))
  return (
    <div className={state === 'failed' ? 'transfer transfer-failed' : 'transfer'}>
      <div className="transfer-text">
        {titled ? <strong className="transfer-title">{what}</strong> : null}
        <output>{transferSentence(transfer)}</output>
        {totalBytes === 0 ? null : (
          <span className="transfer-bytes">
            {transferText.progress({ done: formatBytes(bytes), total: formatBytes(totalBytes) })}
          </span>
        )}
      </div>
      {hasEnded(state) ? null : (
        <Progress label={transferText.installing({ packages: what })} share={transferShare(transfer)} />
      )}
      {failure === undefined ? null : <p className="transfer-failure">{sayFailure(failure)}</p>}
      {hasEnded(state) ? <TransferDetails transferId={id} /> : null}
      <div className="transfer-actions">
        {bare ? null : state === 'failed' ? (
          <>
            <Button icon="refresh" onClick={() => retry(transfer)}>
              {controlText.tryAgain}
            </Button>
            <Button look="quiet" onClick={() => dismissTransfer(id)}>
              {controlText.dismiss}
            </Button>
          </>
        ) : hasEnded(state) ? null : (
          <Button onClick={() => cancel(id)}>{controlText.cancel}</Button>
        )}
      </div>
    </div>
  )
}
