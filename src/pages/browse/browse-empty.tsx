import { Button, LinkButton } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { useLinks } from '../../hooks/use-app.ts'
import type { EmptyReason } from '../../store/selectors.ts'

/** Why there is nothing to see, and what to do about it. */
export const BrowseEmpty = ({ reason, clear }: { reason: EmptyReason; clear: () => void }) => {
  const links = useLinks()
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
