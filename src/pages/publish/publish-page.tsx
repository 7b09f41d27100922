import './publish.css'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useAppState } from '../../hooks/use-app.ts'
import { useTitle } from '../../hooks/use-title.ts'
import { Choose } from './choose.tsx'
import { DraftView } from './draft-view.tsx'
import { Outgoing, Published } from './published.tsx'
import { Refused } from './refused.tsx'

/** From a folder or an archive to a signed release: choose, see what was found, publish, see it go out. */
export default function PublishPage() {
  useTitle('Publish')
  const draft = useAppState((state) => state.draft)
  return (
    <div className="publish">
      <h1>Publish a package</h1>
      {draft === undefined ? (
        <>
          <p className="lead">
            Choose a folder or a zip archive that holds one package. It is checked first, and nothing leaves this tab
            until you press Publish.
          </p>
          <Choose />
          <Part name="What is on its way">
            <Outgoing />
          </Part>
        </>
      ) : null}
      {draft?.stage === 'reading' ? (
        <p className="page-loading">
          <Icon className="spin" name="working" /> Reading {draft.source}…
        </p>
      ) : null}
      {draft?.stage === 'refused' ? (
        <Part name="Why it was not read" of={draft}>
          <Refused findings={draft.findings} source={draft.source} />
        </Part>
      ) : null}
      {draft?.stage === 'open' ? <DraftView draft={draft} /> : null}
      {draft?.stage === 'published' ? (
        <Part name="How far it went out" of={draft}>
          <Published result={draft.result} />
        </Part>
      ) : null}
    </div>
  )
}
