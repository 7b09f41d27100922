import { Link } from 'wouter'
import { useShallow } from 'zustand/react/shallow'
import { useAppState, useLinks } from '../hooks/use-app.ts'
import { networkLine, type Tone } from '../store/selectors.ts'
import { shellText } from '../text/shell.ts'
import { Icon, type IconName } from './icon.tsx'

const iconByTone: Record<Tone, IconName> = { ok: 'ok', working: 'working', warning: 'warning', error: 'error' }

/** The network state in one sentence, linked to the network page. */
export const NetworkLine = () => {
  const { tone, sentence } = useAppState(useShallow(networkLine))
  const links = useLinks()
  return (
    <Link
      aria-label={shellText.networkLine({ state: sentence })}
      className={`network-line tone-${tone}`}
      href={links.network()}
    >
      <Icon name={iconByTone[tone]} {...(tone === 'working' ? { className: 'spin' } : {})} />
      <span>{sentence}</span>
    </Link>
  )
}
