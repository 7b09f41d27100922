import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { PackageView, TrustState, VersionView } from '../../../workers/contract/views.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { ExternalLink } from '../../components/external-link.tsx'
import { Icon, type IconName } from '../../components/icon.tsx'
import { useLinks } from '../../hooks/use-app.ts'
import { formatBytes, inGroups, inWords, plural, publisherOf, publisherTag, shortened } from '../../lib/format.ts'

const trustWords: Record<TrustState, { icon: IconName; title: string; text: string }> = {
  self: { icon: 'person', title: 'This is you', text: 'Signed with the key of this profile.' },
  known: { icon: 'shield', title: 'Used before', text: 'You have installed something signed by this publisher.' },
  new: {
    icon: 'info',
    title: 'New to you',
    text: 'A name proves nothing: compare the fingerprint with the publisher if it matters.',
  },
}

/** Who published it, who holds it, and what else is known; beside the tabs, or below them on a phone. */
export const PackageFacts = ({ view, newest }: { view: PackageView; newest: VersionView | undefined }) => {
  const { summary, publisher, namesakes, heldBy, authors, keywords, repository } = view
  const links = useLinks()
  const trust = trustWords[publisher.trust]
  return (
    <aside aria-label="Facts" className="facts">
      <section className="publisher-card">
        <h2>Publisher</h2>
        <p>
          <Link className="publisher-link" href={links.browse({ publisher: publisher.id })}>
            {publisherTag(publisher.name, publisher.id)}
          </Link>
        </p>
        <p className={`trust trust-${publisher.trust}`}>
          <Icon name={trust.icon} />
          <span>
            <strong>{trust.title}.</strong> {trust.text}
          </span>
        </p>
        <div className="fingerprint">
          <span>Fingerprint</span>
          <code>{inGroups(publisher.fingerprint)}</code>
          <CopyButton text={publisher.fingerprint} what="fingerprint" />
        </div>
      </section>
      <dl className="fact-list">
        <Fact name="Held by">{heldBy === 0 ? 'Nobody that is known here' : plural(heldBy, 'peer')}</Fact>
        <Fact name="Category">
          <Link href={links.browse({ category: summary.category })}>{summary.category}</Link>
        </Fact>
        <Fact name="Licence">{summary.license === '' ? 'Not given' : summary.license}</Fact>
        {newest === undefined ? null : (
          <Fact name="Size">
            {formatBytes(newest.size)} in {plural(newest.fileCount, 'file')}
          </Fact>
        )}
        {authors.length === 0 ? null : <Fact name="Authors">{inWords(authors)}</Fact>}
        {repository === '' ? null : (
          <Fact name="Repository">
            <ExternalLink address={repository} />
          </Fact>
        )}
        {newest === undefined ? null : (
          <Fact name="Content id">
            <span className="copyable">
              <code title={newest.root}>{shortened(newest.root, 8)}</code>
              <CopyButton text={newest.root} what="content id" />
            </span>
          </Fact>
        )}
      </dl>
      <Labels title="Tags">
        {summary.tags.map((tag) => (
          <li key={tag}>
            <Link className="tag" href={links.browse({ tag })}>
              {tag}
            </Link>
          </li>
        ))}
      </Labels>
      <Labels title="Keywords">
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
          <h2>Same name, other publishers</h2>
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
