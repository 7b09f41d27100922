import '../styles/tokens.css'
import '../styles/base.css'
import '../styles/controls.css'
import '../styles/shell.css'
import axe from 'axe-core'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { page as browserPage, userEvent } from 'vitest/browser'
import type { UpdateBatch } from '../../workers/contract/updates.ts'
import type { EngineClient } from '../engine/client.ts'
import type { State } from '../store/state.ts'
import { type ShownPage, showPage, until } from './shown-page.tsx'

/** One state of a view, built only from fixtures. */
export interface ViewState {
  readonly name: string
  readonly address: string
  readonly state?: Partial<State>
  readonly answers?: Partial<EngineClient>
  /** Text that this state shows on the page or in a dialog. */
  readonly shows: string
  /** User actions that lead to this state, once `before` is shown. */
  readonly act?: {
    readonly before: string
    /** Label of a field, and the text to type. */
    readonly type?: readonly [label: string, text: string]
    readonly press: readonly string[]
    /** Updates that the engine sends then. */
    readonly hear?: () => UpdateBatch
  }
}

const narrow = { width: 390, height: 844 }
const wide = { width: 1280, height: 900 }

/**
 * Tests each state: every part renders, the text contains no program artefacts, React reports nothing, the page fits
 * the width of a phone and a desktop, and axe finds no violation in the light or dark theme.
 */
export const testViewStates = (states: readonly ViewState[]): void => {
  describe('every state renders completely, is accessible and fits the window', () => {
    test.each(states)('$name', async (state) => {
      const errors = vi.spyOn(console, 'error')
      const page = await openState(state)
      expect(page.failures()).toEqual([])
      for (const text of [document.body.innerText, markup()]) expect(text).not.toMatch(/\bundefined\b|\bNaN\b|\[object/)
      await browserPage.viewport(narrow.width, narrow.height)
      expect(overflow()).toEqual([])
      document.documentElement.dataset['theme'] = 'dark'
      expect(await violations()).toEqual([])
      await browserPage.viewport(wide.width, wide.height)
      expect(overflow()).toEqual([])
      document.documentElement.dataset['theme'] = 'light'
      expect(await violations()).toEqual([])
      expect(errors.mock.calls).toEqual([])
    })
  })
}

const pages: ShownPage[] = []

/** Renders a state until the test ends, and waits for it. */
export const openState = async ({
  address,
  state,
  answers,
  act,
  shows,
}: Omit<ViewState, 'name'>): Promise<ShownPage> => {
  const page = showPage(address, state ?? {}, answers)
  pages.push(page)
  if (act !== undefined) {
    await untilShown(act.before)
    if (act.type !== undefined) await userEvent.fill(field(act.type[0]), act.type[1])
    for (const name of act.press) await press(name)
    if (act.hear !== undefined) page.tell(act.hear())
  }
  await untilShown(shows)
  await until('the page has its title', () => document.querySelector('h1') !== null)
  return page
}

export const untilShown = (text: string): Promise<void> =>
  until(`“${text}” is shown`, () => document.body.innerText.includes(text))

/** Waits for an enabled control with this accessible name, and clicks it. */
export const press = async (name: string, kind = controls): Promise<void> => {
  await until(`there is a control “${name}”`, () => findControl(name, kind)?.matches(':not(:disabled)') ?? false)
  const control = findControl(name, kind)
  control?.focus()
  control?.click()
}

/** The control with this accessible name, in the open dialog if there is one. */
export const findControl = (name: string, kind = controls): HTMLElement | undefined =>
  [...(dialog() ?? document).querySelectorAll<HTMLElement>(kind)].find(
    (each) => isVisible(each) && nameOf(each) === name,
  )

export const dialog = (): HTMLElement | null => document.querySelector<HTMLElement>('[role=dialog]')

/** The field with this label. */
export const field = (label: string): HTMLInputElement => {
  const found = findControl(label)
  if (!(found instanceof HTMLInputElement)) throw new Error(`The field “${label}” is missing.`)
  return found
}

export const controls = 'a[href], button, input, select, textarea, summary, [tabindex="0"]'

export const isVisible = (element: Element): boolean => element.checkVisibility({ visibilityProperty: true })

/** Accessible name, limited to the cases of the page's own controls. */
export const nameOf = (element: Element): string =>
  (
    element.getAttribute('aria-label') ??
    (element instanceof HTMLInputElement ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement
      ? labelOf(element)
      : (element.textContent ?? ''))
  ).trim()

/** A label may surround its field, whose options are not part of it. */
const labelOf = ({ labels }: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement): string =>
  (labels?.[0]?.querySelector('span') ?? labels?.[0])?.textContent ?? ''

beforeAll(() => {
  document.documentElement.lang = 'en'
  // Colours are compared after transitions have ended.
  const still = document.createElement('style')
  still.textContent = '*, *::before, *::after { animation: none !important; transition: none !important }'
  document.head.append(still)
})

afterEach(() => {
  vi.restoreAllMocks()
  for (const page of pages.splice(0)) page.stop()
  delete document.documentElement.dataset['theme']
})

/** All rendered elements, including dialogs. */
const markup = (): string => [...document.querySelectorAll('body > div')].map(({ outerHTML }) => outerHTML).join('\n')

/** Elements that overflow the page or a dialog on the right. */
const overflow = (): string[] =>
  [document.documentElement, ...document.querySelectorAll('.dialog-body')].flatMap((frame) => {
    const { scrollWidth, clientWidth } = frame
    if (scrollWidth <= clientWidth) return []
    const right = frame.getBoundingClientRect().left + clientWidth
    const wider = [...frame.querySelectorAll('*')].filter((each) => each.getBoundingClientRect().right > right + 0.5)
    return [`${scrollWidth} > ${clientWidth}`, ...wider.slice(-3).map(({ outerHTML }) => outerHTML.slice(0, 200))]
  })

const violations = async (): Promise<string[]> => {
  const found = await axe.run(document, { resultTypes: ['violations'] })
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}\n${failureSummary}`),
  )
}
