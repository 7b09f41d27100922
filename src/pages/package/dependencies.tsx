import { Link } from 'wouter'
import type { DependencyView, PackageView } from '../../../workers/contract/views.ts'
import { DependencyList } from '../../components/dependency-list.tsx'
import { useLinks } from '../../hooks/use-app.ts'
import { dependencyText } from '../../text/dependencies.ts'

/** Dependencies and dependents. */
export const Dependencies = ({ view: { dependencies, dependents } }: { view: PackageView }) => {
  const links = useLinks()
  const toLink = ({ name, kind }: DependencyView): string | undefined =>
    kind === 'package' ? links.browse({ text: name }) : undefined
  return (
    <div className="two-lists">
      <section>
        <h2>{dependencyText.dependsOn}</h2>
        {dependencies.length === 0 ? (
          <p className="calm-note">{dependencyText.none}</p>
        ) : (
          <DependencyList dependencies={dependencies} toLink={toLink} />
        )}
      </section>
      <section>
        <h2>{dependencyText.requiredBy}</h2>
        {dependents.length === 0 ? (
          <p className="calm-note">{dependencyText.requiredByNone}</p>
        ) : (
          <ul className="plain-list">
            {dependents.map(({ id, slug }) => (
              <li key={id}>
                <Link href={links.package(id)}>{slug}</Link>
              </li>
            ))}
          </ul>
        )}
      </section>
    </div>
  )
}
