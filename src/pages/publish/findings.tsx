import type { Finding, FindingLevel } from '../../../workers/contract/views.ts'
import { Icon, type IconName } from '../../components/icon.tsx'
import { keyed } from '../../lib/keyed.ts'
import { counts } from '../../text/counts.ts'
import { publishText } from '../../text/publish.ts'
import { sayFailure } from '../../text/reasons.ts'

const levels: { level: FindingLevel; icon: IconName; number: 'errors' | 'warnings' | 'notes' }[] = [
  { level: 'error', icon: 'error', number: 'errors' },
  { level: 'warning', icon: 'warning', number: 'warnings' },
  { level: 'note', icon: 'info', number: 'notes' },
]

/** Findings of the check, worst first, each with its position. */
export const Findings = ({ findings }: { findings: readonly Finding[] }) => (
  <section aria-label={publishText.findings} className="findings">
    {findings.length === 0 ? (
      <p className="findings-none">
        <Icon name="ok" /> {publishText.noFindings}
      </p>
    ) : null}
    {levels.map(({ level, icon, number }) => {
      const of = findings.filter((finding) => finding.level === level)
      if (of.length === 0) return null
      return (
        <details className={`finding-group finding-${level}`} key={level} open={level !== 'note' || of.length < 4}>
          <summary>
            <Icon name={icon} />
            <span>
              <strong>{counts[number](of.length)}</strong>{' '}
              <span className="finding-means">{publishText.meaning(level)}</span>
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
