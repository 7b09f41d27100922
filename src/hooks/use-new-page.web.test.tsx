import { useRef } from 'react'
import { createRoot } from 'react-dom/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { useLocation } from 'wouter'
import { until } from '../testing/shown-page.tsx'
import { useNewPage } from './use-new-page.ts'

let navigate: (path: string) => void

/** Content of a page in the browser's own history. */
const Content = () => {
  const main = useRef<HTMLElement>(null)
  navigate = useLocation()[1]
  useNewPage(main)
  return <main ref={main} tabIndex={-1} />
}

const home = location.pathname + location.search
let root: ReturnType<typeof createRoot>

beforeEach(async () => {
  const element = document.createElement('div')
  document.body.append(element)
  root = createRoot(element)
  root.render(<Content />)
  await until('it is drawn', () => document.querySelector('main') !== null)
})

afterEach(() => {
  root.unmount()
  history.replaceState(null, '', home)
})

const hasFocus = (): boolean => document.activeElement?.tagName === 'MAIN'
const leaveFocus = (): void => document.querySelector('main')?.blur()

const goBack = async (): Promise<void> => {
  const gone = new Promise((resolve) => window.addEventListener('popstate', resolve, { once: true }))
  history.back()
  await gone
  // One more turn, in which the new page is drawn.
  await new Promise((resolve) => setTimeout(resolve))
}

test('a new page takes the focus, going back does not, and the next one does again', async () => {
  navigate('/one')
  await until('the first has the focus', hasFocus)
  leaveFocus()
  await goBack()
  expect(hasFocus()).toBe(false)
  navigate('/two')
  await until('the second has the focus', hasFocus)
})

test('a link within the page does not keep the focus from the next page', async () => {
  navigate('/start')
  await until('the page has the focus', hasFocus)
  location.hash = '#content'
  await until('the address has it', () => location.hash === '#content')
  leaveFocus()
  navigate('/one')
  await until('the next has the focus', hasFocus)
})
