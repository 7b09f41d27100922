import { Link } from 'wouter'
import type { DependencyView } from '../../workers/contract/views.ts'
import { keyed } from '../lib/keyed.ts'

const ecosystemWords = { crate: 'Rust crate', npm: 'npm package', python: 'Python package', tool: 'tool' } as const

/** What a dependency is, in words. */
const kindWords = ({ kind, ecosystem }: DependencyView): string => {
  switch (kind) {
    case 'package':
      return 'Package'
    case 'external':
      return ecosystem === undefined ? 'From elsewhere' : `From elsewhere: ${ecosystemWords[ecosystem]}`
    case 'asset':
      return 'Path in the package'
    case 'unknown':
      return 'Not known'
  }
}

/** Declared dependencies with their range and kind; `toLink` gives those a link that lead somewhere. */
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
            {kindWords(dependency)}
            {optional ? ', optional' : ''}
          </span>
        </li>
      )
    })}
  </ul>
)
