import type { ReactNode } from 'react'
import { Icon, type IconName } from './icon.tsx'

export type BannerTone = 'info' | 'success' | 'warning' | 'error'

export const iconByTone: Record<BannerTone, IconName> = {
  info: 'info',
  success: 'ok',
  warning: 'warning',
  error: 'error',
}

/** Notice about the content below it. Screen readers announce it at once when `urgent`. */
export const Banner = ({
  tone,
  title,
  children,
  action,
  urgent = false,
}: {
  tone: BannerTone
  title?: string
  children?: ReactNode
  action?: ReactNode
  urgent?: boolean
}) => (
  <div className={`banner banner-${tone}`} role={urgent ? 'alert' : undefined}>
    <Icon name={iconByTone[tone]} />
    <div className="banner-text">
      {title === undefined ? null : <strong>{title}</strong>}
      {children === undefined ? null : <div>{children}</div>}
    </div>
    {action === undefined ? null : <div className="banner-action">{action}</div>}
  </div>
)
