import { LinkButton } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { useLinks } from '../../hooks/use-app.ts'
import { useTitle } from '../../hooks/use-title.ts'
import { notFound } from '../../text/not-found.ts'

export default function NotFoundPage() {
  const links = useLinks()
  useTitle(notFound.tabTitle)
  return (
    <EmptyState
      actions={
        <LinkButton href={links.browse()} icon="browse" look="primary">
          {notFound.browse}
        </LinkButton>
      }
      icon="search"
      level={1}
      title={notFound.title}
    >
      <p>{notFound.hint}</p>
    </EmptyState>
  )
}
