import { type Browser, type BrowserContext, chromium, type Page } from '@playwright/test'
import { openPeer, type Peer } from '../../e2e/fixtures/peer.ts'
import { type Relay, startRelay } from '../../e2e/fixtures/relay.ts'
import { chromiumFlags, ensureChromium } from '../../scripts/chromium.ts'

/** A relay and browsers for one suite. */
export interface Stage {
  readonly relay: Relay
  /** Opens a tab in a separate browser, like another machine's, with its own flags. */
  openElsewhere(options?: { flags?: readonly string[]; prepare?: Prepare }): Promise<Peer & { page: Page }>
  /** Opens a tab in a new context of the shared browser. */
  open(options?: { prepare?: Prepare }): Promise<Peer & { context: BrowserContext }>
}

/** Runs before the page is opened. */
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
