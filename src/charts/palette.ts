import { type Hue, hues } from './chart-definition.ts'

/** Colours of the page as a canvas takes them. */
export interface Palette {
  hues: Record<Hue, string>
  paper: string
  ink: string
  faint: string
  line: string
  accent: string
  error: string
  font: string
  /** Lines differ by dash too: forced colours leave one hue, and more contrast is asked for by those who need it. */
  isDashed: boolean
}

const dashedMedia = '(forced-colors: active), (prefers-contrast: more)'

/** Reads the custom properties of the style sheet through an element, because a canvas does not know `light-dark()`. */
export const readPalette = (parent: Element): Palette => {
  const probe = document.createElement('span')
  probe.style.forcedColorAdjust = 'none'
  parent.append(probe)
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  const palette = {
    hues: Object.fromEntries(hues.map((hue) => [hue, read(`chart-${hue}`)])) as Record<Hue, string>,
    paper: read('paper'),
    ink: read('ink'),
    faint: read('chart-label'),
    line: read('chart-grid'),
    accent: read('accent'),
    error: read('error'),
    font: getComputedStyle(probe).fontFamily,
    isDashed: matchMedia(dashedMedia).matches,
  }
  probe.remove()
  return palette
}

/** Calls `changed` when the theme of the page or of the system changes, until the returned function is called. */
export const watchTheme = (changed: () => void): (() => void) => {
  const observer = new MutationObserver(changed)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  const queries = ['(prefers-color-scheme: dark)', dashedMedia].map((query) => matchMedia(query))
  for (const query of queries) query.addEventListener('change', changed)
  return () => {
    observer.disconnect()
    for (const query of queries) query.removeEventListener('change', changed)
  }
}

/** A colour that lets what is below it shine through. */
export const translucent = (colour: string, alpha: number): string => {
  const channels = colour.startsWith('rgb') ? colour.match(/[\d.]+/g) : null
  return channels === null ? colour : `rgb(${channels.slice(0, 3).join(' ')} / ${alpha})`
}

/** A font as a canvas takes it. */
export const fontOf = ({ font }: Palette, size: number, weight = 400): string => [weight, `${size}px`, font].join(' ')
