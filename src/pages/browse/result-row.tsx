import { memo } from 'react'
import { Link } from 'wouter'
import type { LibraryEntry, PackageSummary } from '../../../workers/contract/views.ts'
import { Icon } from '../../components/icon.tsx'
import { Seal } from '../../components/identicon.tsx'
import { PackageName } from '../../components/package-name.tsx'
import { Time } from '../../components/time.tsx'
import { useAppState, useLinks } from '../../hooks/use-app.ts'
import { browseText } from '../../text/browse.ts'
import { formatBytes } from '../../text/format.ts'

/** Maximum tags per row. */
const maxTags = 5

/** One package of the list; blank while its page of hits loads. */
export const ResultRow = memo(({ hit, now }: { hit: PackageSummary | undefined; now: number }) => {
  const links = useLinks()
  const installed = useAppState(({ library }) => installedVersion(library.value, hit))
  if (hit === undefined) return <div className="result result-blank" />
  const { id, name, version, publisherName, description, category, tags, size, publishedAt } = hit
  return (
    <article className="result">
      <Seal id={id} />
      <div className="result-text">
        <h2 className="result-name">
          <Link className="result-link" href={links.package(id)}>
            {name}
          </Link>
          <span className="version">{version}</span>
          {installed === undefined ? null : (
            <span className="mark mark-ok">
              <Icon name="check" />
              {installed === version ? browseText.installed : browseText.installedVersion({ version: installed })}
            </span>
          )}
        </h2>
        <p className="result-id">
          <PackageName id={id} publisherName={publisherName} />
        </p>
        {description === '' ? null : <p className="result-description">{description}</p>}
        <ul className="result-facts">
          <li className="result-category">{category}</li>
          {tags.slice(0, maxTags).map((tag) => (
            <li className="tag" key={tag}>
              {tag}
            </li>
          ))}
          <li className="result-size">{formatBytes(size)}</li>
          <li>
            <Time at={publishedAt} now={now} />
          </li>
        </ul>
      </div>
    </article>
  )
})
ResultRow.displayName = 'ResultRow'

/** Installed version of a hit: the shown version if installed, else any other. */
const installedVersion = (
  library: readonly LibraryEntry[] | undefined,
  hit: PackageSummary | undefined,
): string | undefined => {
  const here = library?.filter(({ id }) => id === hit?.id).map(({ version }) => version) ?? []
  return here.find((version) => version === hit?.version) ?? here[0]
}
