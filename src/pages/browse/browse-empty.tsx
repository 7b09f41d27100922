import { useEffect, useState } from 'react'
import { Button, LinkButton } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { useAppState, useLinks } from '../../hooks/use-app.ts'
import type { EmptyReason } from '../../store/selectors.ts'

/** How long a peer that has just connected may take to hand over what it knows, ms. */
const handOverMs = 3000

/** Why there is nothing to see, and what to do about it. */
export const BrowseEmpty = ({ reason: known, clear }: { reason: EmptyReason; clear: () => void }) => {
  const links = useLinks()
  const reason = useSettled(known)
  const publish = (
    <LinkButton href={links.publish()} icon="publish" look={reason === 'nobody' ? 'primary' : 'plain'}>
      Publish a package
    </LinkButton>
  )
  switch (reason) {
    case 'no-match':
      return (
        <EmptyState
          actions={<Button onClick={clear}>Clear search and filters</Button>}
          icon="search"
          title="Nothing matches"
        >
          <p>Try fewer words, another spelling, or take off a filter.</p>
        </EmptyState>
      )
    case 'connecting':
      return (
        <EmptyState icon="working" title="Fetching the catalogue">
          <p>This tab is connecting to other peers. Their packages appear here as they come in.</p>
        </EmptyState>
      )
    case 'offline':
      return (
        <EmptyState
          actions={
            <>
              <LinkButton href={links.network()} icon="network">
                See what is wrong
              </LinkButton>
              {publish}
            </>
          }
          icon="warning"
          title="Offline, and nothing is stored here yet"
        >
          <p>
            No relay can be reached. It is tried again by itself. You can publish meanwhile: it goes out when a peer
            comes.
          </p>
        </EmptyState>
      )
    case 'nobody':
      return (
        <EmptyState actions={publish} icon="library" title="Nobody has published yet">
          <p>Be the first: choose a folder with a package in it. Everyone who is here sees it within seconds.</p>
        </EmptyState>
      )
  }
}

/** Nobody is said to have published only when those who are connected had the time to say otherwise. */
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
