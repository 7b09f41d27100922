/** Light, dark or system theme. `public/theme.js` applies a saved choice before the first paint. */

const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

/** Also in `public/theme.js`. */
const storageKey = 'ggen-theme'

export const nextTheme = (theme: Theme): Theme => themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system'

export const readTheme = (): Theme => {
  try {
    const stored = localStorage.getItem(storageKey)
    return themes.find((theme) => theme === stored) ?? 'system'
  } catch {
    return 'system'
  }
}

export const applyTheme = (theme: Theme): void => {
  const { dataset } = document.documentElement
  if (theme === 'system') delete dataset['theme']
  else dataset['theme'] = theme
  try {
    if (theme === 'system') localStorage.removeItem(storageKey)
    else localStorage.setItem(storageKey, theme)
  } catch {
    // Where storage is blocked, the choice lasts until the tab closes.
  }
}
