import './publish.css'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useAppState } from '../../hooks/use-app.ts'
import { useTitle } from '../../hooks/use-title.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { publishText } from '../../text/publish.ts'
import { Choose } from './choose.tsx'
import { DraftView } from './draft-view.tsx'
import { Outgoing, Published } from './published.tsx'
import { Refused } from './refused.tsx'

/** From a folder or archive to a signed release: choose, check, publish, follow the announcement. */
export default function PublishPage() {
  useTitle(publishText.tabTitle)
  const draft = useAppState((state) => state.draft)
  return (
    <div className="publish">
      <h1>{publishText.title}</h1>
      {draft === undefined ? (
        <>
          <p className="lead">{publishText.lead}</p>
          <Choose />
          <Part name={drawingFailureText.outgoing}>
            <Outgoing />
          </Part>
        </>
      ) : null}
      {draft?.stage === 'reading' ? (
        <p className="page-loading">
          <Icon className="spin" name="working" /> {publishText.reading({ source: draft.source })}
        </p>
      ) : null}
      {draft?.stage === 'refused' ? (
        <Part name={drawingFailureText.refusal} of={draft}>
          <Refused findings={draft.findings} source={draft.source} />
        </Part>
      ) : null}
      {draft?.stage === 'open' ? <DraftView draft={draft} /> : null}
      {draft?.stage === 'published' ? (
        <Part name={drawingFailureText.published} of={draft}>
          <Published result={draft.result} traceId={draft.traceId} />
        </Part>
      ) : null}
    </div>
  )
}
