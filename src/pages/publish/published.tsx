import type { PublicationView, PublishResult } from '../../../workers/contract/views.ts'
import { Button, LinkButton } from '../../components/button.tsx'
import { Icon, type IconName } from '../../components/icon.tsx'
import { useAppState, useCommands, useLinks } from '../../hooks/use-app.ts'
import { slugOf } from '../../lib/names.ts'
import { publishText } from '../../text/publish.ts'

/** State of a published release: stored, announced, record stored by peers. */
export const Published = ({
  result: { id, version },
  traceId,
}: {
  result: PublishResult
  traceId?: string | undefined
}) => {
  const links = useLinks()
  const { discardDraft } = useCommands()
  const publication = useAppState((state) => state.publicationByKey[`${id}@${version}`])
  return (
    <section aria-label={publishText.published} className="published">
      <h2>{publishText.publishedTitle({ slug: slugOf(id), version })}</h2>
      <ol className="published-steps">
        <Step icon="ok" state="done">
          {publishText.stored}
        </Step>
        <GoingOut publication={publication} />
      </ol>
      <div className="actions">
        <LinkButton href={links.package(id)} icon="library" look="primary">
          {publishText.viewPackage}
        </LinkButton>
        <Button icon="publish" onClick={discardDraft}>
          {publishText.publishAnother}
        </Button>
        {traceId === undefined ? null : (
          <LinkButton href={links.trace(traceId)} look="quiet">
            {publishText.details}
          </LinkButton>
        )}
      </div>
    </section>
  )
}

/** Publications of this visit that are not yet announced. */
export const Outgoing = () => {
  const publications = useAppState((state) => state.publicationByKey)
  const open = Object.entries(publications).filter(([, { state }]) => state !== 'sent')
  if (open.length === 0) return null
  return (
    <section className="published">
      <h2>{publishText.outgoing}</h2>
      {open.map(([key, publication]) => (
        <div key={key}>
          <h3>
            {publication.slug} {publication.version}
          </h3>
          <ol className="published-steps">
            <GoingOut publication={publication} />
          </ol>
        </div>
      ))}
    </section>
  )
}

const GoingOut = ({ publication }: { publication: PublicationView | undefined }) => {
  const online = useAppState((state) => state.status?.online ?? false)
  const { state = 'stored', announcedTo = 0, acknowledgements = 0 } = publication ?? {}
  if (state === 'stored' && !online) {
    return (
      <Step icon="waiting" state="waiting">
        {publishText.waiting}
      </Step>
    )
  }
  return (
    <>
      <Step icon={announcedTo > 0 ? 'ok' : 'working'} state={announcedTo > 0 ? 'done' : 'working'}>
        {announcedTo > 0 ? publishText.announced(announcedTo) : publishText.announcing}
      </Step>
      <Step icon={acknowledgements > 0 ? 'ok' : 'working'} state={acknowledgements > 0 ? 'done' : 'working'}>
        {acknowledgements > 0 ? publishText.recordStored(acknowledgements) : publishText.sendingRecord}
      </Step>
    </>
  )
}

const Step = ({
  icon,
  state,
  children,
}: {
  icon: IconName
  state: 'done' | 'waiting' | 'working'
  children: string
}) => (
  <li className={`published-step published-${state}`}>
    <Icon className={state === 'working' ? 'spin' : ''} name={icon} />
    <output>{children}</output>
  </li>
)
