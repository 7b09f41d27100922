import type { Finding, FindingLevel } from '../../../workers/contract/views.ts'
import { Icon, type IconName } from '../../components/icon.tsx'
import { plural } from '../../lib/format.ts'
import { keyed } from '../../lib/keyed.ts'
import { sayFailure } from '../../text/reasons.ts'

const levels: { level: FindingLevel; icon: IconName; one: string; means: string }[] = [
  { level: 'error', icon: 'error', one: 'error', means: 'must be mended before it can be published' },
  { level: 'warning', icon: 'warning', one: 'warning', means: 'worth a look; it can be published as it is' },
  { level: 'note', icon: 'info', one: 'note', means: 'how the manifest was read' },
]

/** What the check found, the worst first, each with its place. */
export const Findings = ({ findings }: { findings: readonly Finding[] }) => (
  <section aria-label="Findings" className="findings">
    {findings.length === 0 ? (
      <p className="findings-none">
        <Icon name="ok" /> Nothing to mend.
      </p>
    ) : null}
    {levels.map(({ level, icon, one, means }) => {
      const of = findings.filter((finding) => finding.level === level)
      if (of.length === 0) return null
      return (
        <details className={`finding-group finding-${level}`} key={level} open={level !== 'note' || of.length < 4}>
          <summary>
            <Icon name={icon} />
            <span>
              <strong>{plural(of.length, one)}</strong> <span className="finding-means">{means}</span>
            </span>
            <Icon className="turn" name="chevron" />
          </summary>
          <ul>
            {keyed(of, (each) => `${each.name} ${placeOf(each)} ${sayFailure(each)}`).map(({ key, item: finding }) => (
              <li key={key}>
                <p>{sayFailure(finding)}</p>
                <p className="finding-place">
                  <code>{placeOf(finding)}</code> <span>{finding.name}</span>
                </p>
              </li>
            ))}
          </ul>
        </details>
      )
    })}
  </section>
)

/** `package.toml:12:5`, as editors write it. */
const placeOf = ({ path, line, column }: Finding): string =>
  [path, line, column].filter((part) => part !== undefined).join(':')
