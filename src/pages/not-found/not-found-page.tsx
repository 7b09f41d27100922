import { LinkButton } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { useLinks } from '../../hooks/use-app.ts'
import { useTitle } from '../../hooks/use-title.ts'
import { controlText } from '../../text/controls.ts'
import { notFoundText } from '../../text/not-found.ts'

export default function NotFoundPage() {
  const links = useLinks()
  useTitle(notFoundText.tabTitle)
  return (
    <EmptyState
      actions={
        <LinkButton href={links.browse()} icon="browse" look="primary">
          {controlText.browsePackages}
        </LinkButton>
      }
      icon="search"
      level={1}
      title={notFoundText.title}
    >
      <p>{notFoundText.hint}</p>
    </EmptyState>
  )
}
