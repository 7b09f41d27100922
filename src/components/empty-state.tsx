import type { ReactNode } from 'react'
import { Icon, type IconName } from './icon.tsx'

/** Stands in for an empty list or page: what is missing, why, and what to do next. */
export const EmptyState = ({
  icon,
  title,
  children,
  actions,
  level = 2,
}: {
  icon: IconName
  title: string
  children: ReactNode
  actions?: ReactNode
  /** Heading level: 1 where this is the whole page. */
  level?: 1 | 2
}) => {
  const Title = level === 1 ? 'h1' : 'h2'
  return (
    <div className="empty">
      <Icon className={icon === 'working' ? 'empty-icon spin' : 'empty-icon'} name={icon} />
      <Title className="empty-title">{title}</Title>
      <div className="empty-text">{children}</div>
      {actions === undefined ? null : <div className="actions">{actions}</div>}
    </div>
  )
}
