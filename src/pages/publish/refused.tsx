import type { Finding } from '../../../workers/contract/views.ts'
import { Button } from '../../components/button.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import { publishText } from '../../text/publish.ts'
import { Findings } from './findings.tsx'

/** Files or archive that were not read, with the reason. */
export const Refused = ({ source, findings }: { source: string; findings: readonly Finding[] }) => {
  const { discardDraft } = useCommands()
  return (
    <>
      <p className="lead">{publishText.notRead({ source })}</p>
      <Findings findings={findings} />
      <div className="actions">
        <Button look="primary" onClick={discardDraft}>
          {publishText.chooseOther}
        </Button>
      </div>
    </>
  )
}
