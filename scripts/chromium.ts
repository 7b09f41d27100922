import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Usual paths of Chromium; `CHROMIUM_PATH` takes precedence. */
const usualPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/**
 * Features disabled in headless test browsers: mDNS names for host candidates, which two headless browsers cannot
 * resolve, and the pop-ups of the address bar, which cost each new window 0.7 s of processor time while the page under
 * test loads.
 */
const featuresOff = ['WebRtcHideLocalIpsWithMdns', 'WebUIOmniboxPopup', 'WebUIOmniboxAimPopup']

/** Flags for headless test browsers: no sandbox, because CI runs as root, and no background requests to Google. */
export const chromiumFlags = [
  '--no-sandbox',
  `--disable-features=${featuresOff.join(',')}`,
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** Returns the path of an installed Chromium, or undefined. */
export const findChromium = (): string | undefined =>
  [process.env['CHROMIUM_PATH'], ...usualPaths].find((path) => path !== undefined && existsSync(path))

/**
 * Returns the path of an installed Chromium, or installs Debian's when running as root.
 * @throws Error saying what to do if neither is possible.
 */
export const ensureChromium = (): string => {
  const found = findChromium()
  if (found !== undefined) return found
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    throw new Error(
      'No Chromium found. Install one (Debian: apt-get install chromium) or set CHROMIUM_PATH to its binary.',
    )
  console.log('No Chromium found: installing Debian’s (apt-get install chromium).')
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit' })
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
    stdio: 'inherit',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  const installed = findChromium()
  if (installed === undefined) throw new Error('Debian’s chromium was installed but its binary was not found.')
  return installed
}
