import { type Browser, type BrowserContext, chromium, type Page } from '@playwright/test'
import { openPeer, type Peer } from '../../e2e/fixtures/peer.ts'
import { type Relay, startRelay } from '../../e2e/fixtures/relay.ts'
import { chromiumFlags, ensureChromium } from '../../scripts/chromium.ts'

/** A relay and browsers for one suite. */
export interface Stage {
  readonly relay: Relay
  /** A tab in a browser process of its own, as on another machine; that browser may have flags of its own. */
  openElsewhere(options?: { flags?: readonly string[]; prepare?: Prepare }): Promise<Peer & { page: Page }>
  /** A tab in a fresh context of the shared browser. */
  open(options?: { prepare?: Prepare }): Promise<Peer & { context: BrowserContext }>
}

/** Called before the page is opened. */
export type Prepare = (context: BrowserContext) => Promise<unknown>

export const launchBrowser = (flags: readonly string[] = []): Promise<Browser> =>
  chromium.launch({ executablePath: ensureChromium(), args: [...chromiumFlags, ...flags] })

export const withStage = async function* <T>(work: (stage: Stage) => AsyncGenerator<T>): AsyncGenerator<T> {
  const relay = await startRelay()
  const browsers: Browser[] = [await launchBrowser()]
  try {
    yield* work({
      relay,
      async openElsewhere({ flags = [], prepare } = {}) {
        const browser = await launchBrowser(flags)
        browsers.push(browser)
        const context = await browser.newContext()
        await prepare?.(context)
        return openPeer(context, `${relay.page}/`)
      },
      async open({ prepare } = {}) {
        const context = await (browsers[0] as Browser).newContext()
        await prepare?.(context)
        return { ...(await openPeer(context, `${relay.page}/`)), context }
      },
    })
  } finally {
    for (const browser of browsers) await browser.close()
    await relay.stop()
  }
}
