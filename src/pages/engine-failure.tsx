import { useState } from 'react'
import type { FailureView } from '../../workers/contract/failures.ts'
import { Button } from '../components/button.tsx'
import { EmptyState } from '../components/empty-state.tsx'
import { useLinks } from '../hooks/use-app.ts'
import { useTitle } from '../hooks/use-title.ts'
import { nextProfile, parseProfile } from '../routes.ts'
import { controlText } from '../text/controls.ts'
import { engineFailureText } from '../text/engine-failure.ts'
import { sayFailure } from '../text/reasons.ts'

/** Replaces every page when the engine does not run: what happened, and how to continue. */
export const EngineFailure = ({ failure }: { failure: FailureView }) => {
  useTitle(engineFailureText.tabTitle)
  if (failure.name === 'ProfileInUse') return <ProfileInUse />
  if (failure.name === 'TabOutdated') {
    return (
      <EmptyState actions={<Reload />} icon="refresh" level={1} title={engineFailureText.outdatedTitle}>
        <p>{sayFailure(failure)}</p>
        <p>{engineFailureText.outdated}</p>
      </EmptyState>
    )
  }
  if (failure.name === 'StorageUnavailable') {
    return (
      <EmptyState actions={<Reload />} icon="error" level={1} title={engineFailureText.storageTitle}>
        <p>{sayFailure(failure)}</p>
        <p>{engineFailureText.storage}</p>
      </EmptyState>
    )
  }
  return (
    <EmptyState actions={<Reload />} icon="error" level={1} title={engineFailureText.stoppedTitle}>
      <p>{engineFailureText.stopped}</p>
      <pre className="empty-details">{sayFailure(failure)}</pre>
    </EmptyState>
  )
}

const ProfileInUse = () => {
  const links = useLinks()
  const { profile } = parseProfile(location.search)
  const [name, setName] = useState(() => nextProfile(profile))
  return (
    <EmptyState actions={<Reload />} icon="person" level={1} title={engineFailureText.profileInUseTitle}>
      <p>{engineFailureText.profileInUse}</p>
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault()
          if (name.trim() !== '') location.assign(links.profile(name.trim()))
        }}
      >
        <label className="field">
          <span>{engineFailureText.otherProfile}</span>
          <input autoComplete="off" maxLength={64} onChange={(event) => setName(event.target.value)} value={name} />
        </label>
        <Button look="primary" type="submit">
          {engineFailureText.openProfile}
        </Button>
      </form>
      <p className="hint">{engineFailureText.otherProfileHint}</p>
    </EmptyState>
  )
}

const Reload = () => (
  <Button icon="refresh" onClick={() => location.reload()}>
    {controlText.tryAgain}
  </Button>
)
