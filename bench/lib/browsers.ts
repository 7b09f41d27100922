import { type Browser, type BrowserContext, chromium, type Page } from '@playwright/test'
import { openPeer, type Peer } from '../../e2e/fixtures/peer.ts'
import { type Relay, startRelay } from '../../e2e/fixtures/relay.ts'
import { chromiumFlags, ensureChromium } from '../../scripts/chromium.ts'

/** A relay and browsers for one suite. */
export interface Stage {
  readonly relay: Relay
  /** A tab in a browser process of its own, as on another machine. */
  openElsewhere(): Promise<Peer & { page: Page }>
  /** A tab in a fresh context of the shared browser. */
  open(): Promise<Peer & { context: BrowserContext }>
}

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: ensureChromium(), args: chromiumFlags })

export const withStage = async function* <T>(work: (stage: Stage) => AsyncGenerator<T>): AsyncGenerator<T> {
  const relay = await startRelay()
  const browsers: Browser[] = [await launchBrowser()]
  try {
    yield* work({
      relay,
      async openElsewhere() {
        const browser = await launchBrowser()
        browsers.push(browser)
        return openPeer(await browser.newContext(), `${relay.page}/`)
      },
      async open() {
        const context = await (browsers[0] as Browser).newContext()
        return { ...(await openPeer(context, `${relay.page}/`)), context }
      },
    })
  } finally {
    for (const browser of browsers) await browser.close()
    await relay.stop()
  }
}
