import { useEffect, useState } from 'react'
import { Button, LinkButton } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { useAppState, useLinks } from '../../hooks/use-app.ts'
import type { EmptyReason } from '../../store/selectors.ts'
import { browseText } from '../../text/browse.ts'

/** Time a newly connected peer gets to send its catalogue (ms). */
const handOverMs = 3000

/** Why the list is empty, and what to do about it. */
export const BrowseEmpty = ({ reason: known, clear }: { reason: EmptyReason; clear: () => void }) => {
  const links = useLinks()
  const reason = useSettled(known)
  const publish = (
    <LinkButton href={links.publish()} icon="publish" look={reason === 'nobody' ? 'primary' : 'plain'}>
      {browseText.publish}
    </LinkButton>
  )
  switch (reason) {
    case 'no-match':
      return (
        <EmptyState
          actions={<Button onClick={clear}>{browseText.clearSearchAndFilters}</Button>}
          icon="search"
          title={browseText.noMatchTitle}
        >
          <p>{browseText.noMatch}</p>
        </EmptyState>
      )
    case 'connecting':
      return (
        <EmptyState icon="working" title={browseText.connectingTitle}>
          <p>{browseText.connecting}</p>
        </EmptyState>
      )
    case 'offline':
      return (
        <EmptyState
          actions={
            <>
              <LinkButton href={links.network()} icon="network">
                {browseText.showNetwork}
              </LinkButton>
              {publish}
            </>
          }
          icon="warning"
          title={browseText.offlineTitle}
        >
          <p>{browseText.offline}</p>
        </EmptyState>
      )
    case 'nobody':
      return (
        <EmptyState actions={publish} icon="library" title={browseText.nobodyTitle}>
          <p>{browseText.nobody}</p>
        </EmptyState>
      )
  }
}

/** Shows “no packages yet” only after connected peers had time to send theirs. */
const useSettled = (reason: EmptyReason): EmptyReason => {
  const asking = useAppState((state) => state.status?.steps.catalogue.state === 'working')
  const [settled, setSettled] = useState(false)
  const waits = reason === 'nobody' && asking
  useEffect(() => {
    setSettled(false)
    if (!waits) return
    const timer = setTimeout(() => setSettled(true), handOverMs)
    return () => clearTimeout(timer)
  }, [waits])
  return waits && !settled ? 'connecting' : reason
}
