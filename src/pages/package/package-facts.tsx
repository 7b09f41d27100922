import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { PackageView, TrustState, VersionView } from '../../../workers/contract/views.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { ExternalLink } from '../../components/external-link.tsx'
import { Icon, type IconName } from '../../components/icon.tsx'
import { useLinks } from '../../hooks/use-app.ts'
import { inGroups, publisherOf, publisherTag, shortened } from '../../lib/names.ts'
import { controlText } from '../../text/controls.ts'
import { counts } from '../../text/counts.ts'
import { formatBytes, formatList } from '../../text/format.ts'
import { packageText } from '../../text/package.ts'

const trustIcons: Record<TrustState, IconName> = { self: 'person', known: 'shield', new: 'info' }

/** Publisher, providers and metadata; beside the tabs, or below them on a phone. */
export const PackageFacts = ({ view, newest }: { view: PackageView; newest: VersionView | undefined }) => {
  const { summary, publisher, namesakes, heldBy, authors, keywords, repository } = view
  const links = useLinks()
  const { trust } = publisher
  return (
    <aside aria-label={packageText.facts} className="facts">
      <section className="publisher-card">
        <h2>{packageText.publisher}</h2>
        <p>
          <Link className="publisher-link" href={links.browse({ publisher: publisher.id })}>
            {publisherTag(publisher.name, publisher.id)}
          </Link>
        </p>
        <p className={`trust trust-${trust}`}>
          <Icon name={trustIcons[trust]} />
          <span>
            <strong>{packageText.trustTitle(trust)}.</strong> {packageText.trust(trust)}
          </span>
        </p>
        <div className="fingerprint">
          <span>{packageText.fingerprint}</span>
          <code>{inGroups(publisher.fingerprint)}</code>
          <CopyButton label={controlText.copyFingerprint} text={publisher.fingerprint} />
        </div>
      </section>
      <dl className="fact-list">
        <Fact name={packageText.heldBy}>{heldBy === 0 ? packageText.heldByNone : counts.peers(heldBy)}</Fact>
        <Fact name={packageText.category}>
          <Link href={links.browse({ category: summary.category })}>{summary.category}</Link>
        </Fact>
        <Fact name={packageText.licence}>{summary.license === '' ? packageText.licenceNone : summary.license}</Fact>
        {newest === undefined ? null : (
          <Fact name={packageText.size}>
            {packageText.sizeAndFiles({ size: formatBytes(newest.size), files: counts.files(newest.fileCount) })}
          </Fact>
        )}
        {authors.length === 0 ? null : <Fact name={packageText.authors}>{formatList(authors)}</Fact>}
        {repository === '' ? null : (
          <Fact name={packageText.repository}>
            <ExternalLink address={repository} />
          </Fact>
        )}
        {newest === undefined ? null : (
          <Fact name={packageText.contentId}>
            <span className="copyable">
              <code title={newest.root}>{shortened(newest.root, 8)}</code>
              <CopyButton label={controlText.copyContentId} text={newest.root} />
            </span>
          </Fact>
        )}
      </dl>
      <Labels title={packageText.tags}>
        {summary.tags.map((tag) => (
          <li key={tag}>
            <Link className="tag" href={links.browse({ tag })}>
              {tag}
            </Link>
          </li>
        ))}
      </Labels>
      <Labels title={packageText.keywords}>
        {keywords.map((keyword) => (
          <li key={keyword}>
            <Link className="tag" href={links.browse({ text: keyword })}>
              {keyword}
            </Link>
          </li>
        ))}
      </Labels>
      {namesakes.length === 0 ? null : (
        <section>
          <h2>{packageText.namesakes}</h2>
          <ul className="plain-list">
            {namesakes.map(({ id, publisherName }) => (
              <li key={id}>
                <Link href={links.package(id)}>{publisherTag(publisherName, publisherOf(id))}</Link>
              </li>
            ))}
          </ul>
        </section>
      )}
    </aside>
  )
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
)

const Labels = ({ title, children }: { title: string; children: ReactNode[] }) =>
  children.length === 0 ? null : (
    <section>
      <h2>{title}</h2>
      <ul className="tags">{children}</ul>
    </section>
  )
