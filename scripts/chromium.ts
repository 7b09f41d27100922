import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Where a Chromium usually stands; `CHROMIUM_PATH` goes first. */
const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/**
 * Features that headless test browsers go without: mDNS names for host candidates (two headless browsers cannot resolve
 * each other's), and the address bar's pop-ups, two pages that each new window loads for 0.7 s of the processor, at the
 * same time as the page that is tested.
 */
const featuresOff = ['WebRtcHideLocalIpsWithMdns', 'WebUIOmniboxPopup', 'WebUIOmniboxAimPopup']

/** Flags for headless test browsers: no sandbox (CI runs as root), and no calls home, which a closed network refuses. */
export const chromiumFlags = [
  '--no-sandbox',
  `--disable-features=${featuresOff.join(',')}`,
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** Path of an installed Chromium, or undefined. */
export const findChromium = (): string | undefined =>
  [process.env['CHROMIUM_PATH'], ...places].find((path) => path !== undefined && existsSync(path))

/** Finds a Chromium, or installs Debian's when running as root; otherwise says what to do. Throws when there is none. */
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
