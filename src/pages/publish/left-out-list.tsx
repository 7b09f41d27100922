import type { LeftOut, LeftOutReason } from '../../../workers/contract/views.ts'
import { formatCount, plural } from '../../lib/format.ts'

/** What was handed in and is not published, with the reason. */
export const LeftOutList = ({ leftOut }: { leftOut: readonly LeftOut[] }) =>
  leftOut.length === 0 ? null : (
    <section aria-label="Left out" className="left-out">
      <h3>Left out</h3>
      <ul>
        {leftOut.map(({ name, reason, files, atLeast }) => (
          <li key={`${reason} ${name}`}>
            <code className="break">{name}</code>{' '}
            <span className="left-out-why">
              {whyByReason[reason]}, {atLeast ? `${formatCount(files)} files or more` : plural(files, 'file')}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )

const whyByReason: Record<LeftOutReason, string> = {
  'version-control': 'version control',
  dependencies: 'installed dependencies',
  build: 'build output',
  cache: 'cache or log',
  editor: 'editor settings',
  system: 'made by the operating system',
  chosen: 'left out by you',
}
