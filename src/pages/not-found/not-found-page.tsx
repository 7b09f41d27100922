import { LinkButton } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { useLinks } from '../../hooks/use-app.ts'
import { useTitle } from '../../hooks/use-title.ts'

export default function NotFoundPage() {
  const links = useLinks()
  useTitle('Not found')
  return (
    <EmptyState
      actions={
        <LinkButton href={links.browse()} icon="browse" look="primary">
          Browse packages
        </LinkButton>
      }
      icon="search"
      level={1}
      title="There is no such page"
    >
      <p>The address may be mistyped, or the link is older than the page it led to.</p>
    </EmptyState>
  )
}
