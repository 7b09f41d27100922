import { useState } from 'react'
import type { FailureView } from '../../workers/contract/failures.ts'
import { Button } from '../components/button.tsx'
import { EmptyState } from '../components/empty-state.tsx'
import { useLinks } from '../hooks/use-app.ts'
import { useTitle } from '../hooks/use-title.ts'
import { nextProfile, parseProfile } from '../routes.ts'
import { sayFailure } from '../text/reasons.ts'

/** Shown in place of every page when the engine did not start: what happened, and the ways on. */
export const EngineFailure = ({ failure }: { failure: FailureView }) => {
  useTitle('Not running')
  if (failure.name === 'ProfileInUse') return <ProfileInUse />
  if (failure.name === 'TabOutdated') {
    return (
      <EmptyState actions={<Reload />} icon="refresh" level={1} title="Another version of this page is open">
        <p>{sayFailure(failure)}</p>
        <p>The tabs of a profile work as one, so all of them need the same version. Nothing was changed or deleted.</p>
      </EmptyState>
    )
  }
  if (failure.name === 'StorageUnavailable') {
    return (
      <EmptyState actions={<Reload />} icon="error" level={1} title="Storage cannot be used">
        <p>{sayFailure(failure)}</p>
        <p>Nothing was changed or deleted. Close other tabs of this page, allow site data for it, and try again.</p>
      </EmptyState>
    )
  }
  return (
    <EmptyState actions={<Reload />} icon="error" level={1} title="The engine of this page stopped">
      <p>
        The part that connects to peers and keeps your packages could not be started, ended without warning, or stopped
        answering. Nothing that was stored in this browser was deleted.
      </p>
      <pre className="empty-details">{sayFailure(failure)}</pre>
    </EmptyState>
  )
}

const ProfileInUse = () => {
  const links = useLinks()
  const { profile } = parseProfile(location.search)
  const [name, setName] = useState(() => nextProfile(profile))
  return (
    <EmptyState actions={<Reload />} icon="person" level={1} title="Another tab holds this profile">
      <p>
        The tabs of a profile work as one, but another tab holds this profile and does not answer: it may run an older
        version of this page, or be stuck. Close it or load it again, and try again here.
      </p>
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault()
          if (name.trim() !== '') location.assign(links.profile(name.trim()))
        }}
      >
        <label className="field">
          <span>Or use another profile here</span>
          <input autoComplete="off" maxLength={64} onChange={(event) => setName(event.target.value)} value={name} />
        </label>
        <Button look="primary" type="submit">
          Open profile
        </Button>
      </form>
      <p className="hint">Another profile is another peer, with its own keys and its own library.</p>
    </EmptyState>
  )
}

const Reload = () => (
  <Button icon="refresh" onClick={() => location.reload()}>
    Try again
  </Button>
)
