import { Link } from 'wouter'
import type { DependencyView } from '../../workers/contract/views.ts'
import { keyed } from '../lib/keyed.ts'
import { dependencyText } from '../text/dependencies.ts'

const kindOf = ({ kind, ecosystem }: DependencyView): string =>
  kind === 'external' && ecosystem !== undefined ? dependencyText.external(ecosystem) : dependencyText.kind(kind)

/** Declared dependencies with range and kind; `toLink` returns an address for those that have a page. */
export const DependencyList = ({
  dependencies,
  toLink = () => undefined,
}: {
  dependencies: readonly DependencyView[]
  toLink?: (dependency: DependencyView) => string | undefined
}) => (
  <ul className="dependency-list">
    {keyed(dependencies, ({ kind, name, range }) => `${kind}/${name}/${range}`).map(({ key, item: dependency }) => {
      const { name, range, optional } = dependency
      const link = toLink(dependency)
      return (
        <li key={key}>
          <span className="dependency-name">{link === undefined ? name : <Link href={link}>{name}</Link>}</span>
          <code className="dependency-range">{range}</code>
          <span className="dependency-kind">
            {optional ? dependencyText.optional({ kind: kindOf(dependency) }) : kindOf(dependency)}
          </span>
        </li>
      )
    })}
  </ul>
)
