import type { ComponentProps } from 'react'
import { Link } from 'wouter'
import { Icon, type IconName } from './icon.tsx'

type Look = 'primary' | 'plain' | 'quiet' | 'danger'

interface Dressed {
  look?: Look
  icon?: IconName
}

const classNameOf = (look: Look, className: string | undefined): string =>
  ['button', `button-${look}`, className].filter(Boolean).join(' ')

export const Button = ({ look = 'plain', icon, className, children, ...rest }: ComponentProps<'button'> & Dressed) => (
  <button className={classNameOf(look, className)} type="button" {...rest}>
    {icon === undefined ? null : <Icon name={icon} />}
    {children}
  </button>
)

/** Button with only an icon; `label` is its accessible name and its tooltip. */
export const IconButton = ({ icon, label, ...rest }: ComponentProps<'button'> & { icon: IconName; label: string }) => (
  <button aria-label={label} className="icon-button" title={label} type="button" {...rest}>
    <Icon name={icon} />
  </button>
)

/** A link that looks like a button. */
export const LinkButton = ({
  href,
  look = 'plain',
  icon,
  children,
}: Dressed & { href: string; children: ComponentProps<'a'>['children'] }) => (
  <Link className={classNameOf(look, undefined)} href={href}>
    {icon === undefined ? null : <Icon name={icon} />}
    {children}
  </Link>
)
