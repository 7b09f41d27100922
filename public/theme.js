// Applies a remembered choice of colours before the first paint; src/lib/theme.ts writes it. A file of its own, because
// the page allows no inline scripts, and not a module, because those run after the first paint.
try {
  const theme = localStorage.getItem('ggen-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Storage is refused: the system's colours it is.
}
