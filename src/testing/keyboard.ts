import { expect } from 'vitest'
import { userEvent } from 'vitest/browser'
import { until } from './shown-page.tsx'
import { controls, dialog, isVisible, nameOf } from './view-states.ts'

/** Real key presses, handled by the browser. */

/** Tab visits every control of the page (or of `root`) in order, and Shift+Tab in reverse. */
export const expectTabOrder = async (root: ParentNode = document): Promise<void> => {
  const wanted = tabbable(root)
  expect(wanted.length).toBeGreaterThan(1)
  wanted[0]?.focus()
  const visited = [focused()]
  for (const _next of wanted.slice(1)) {
    await userEvent.keyboard('{Tab}')
    visited.push(focused())
  }
  expect(visited).toEqual(wanted.map(describeControl))
  await userEvent.keyboard('{Shift>}{Tab}{/Shift}')
  expect(focused()).toBe(describeControl(wanted.at(-2)))
}

/**
 * A dialog holds the focus: Tab visits its controls and starts again, Escape closes it, and the focus returns to
 * `opener`.
 */
export const expectModal = async (opener: string): Promise<void> => {
  await until('the dialog has the focus', () => dialog()?.contains(document.activeElement) ?? false)
  const shown = dialog()
  if (shown === null) throw new Error('No dialog is open.')
  await expectTabOrder(shown)
  const inside = tabbable(shown)
  inside.at(-1)?.focus()
  await userEvent.keyboard('{Tab}')
  expect(focused()).toBe(describeControl(inside[0]))
  await userEvent.keyboard('{Shift>}{Tab}{/Shift}')
  expect(focused()).toBe(describeControl(inside.at(-1)))
  await userEvent.keyboard('{Escape}')
  await until('the dialog is closed', () => dialog() === null)
  await until('the focus is back', () => document.activeElement !== document.body)
  expect(nameOf(document.activeElement ?? document.body)).toBe(opener)
}

/** All controls that Tab should reach; in a tab list only the selected tab, of radio buttons only the chosen one. */
const tabbable = (root: ParentNode): HTMLElement[] => [
  ...new Set(
    [...root.querySelectorAll<HTMLElement>(controls)]
      .map(
        (element) => element.closest('[role=tablist]')?.querySelector<HTMLElement>('[aria-selected=true]') ?? element,
      )
      .filter((element) => isReachable(element)),
  ),
]

const isReachable = (element: HTMLElement): boolean =>
  (element.tabIndex >= 0 || element.role === 'tab') &&
  isVisible(element) &&
  !element.matches(':disabled, [hidden], [type=radio]:not(:checked)')

const focused = (): string => describeControl(document.activeElement)

const describeControl = (element: Element | null | undefined): string =>
  element === null || element === undefined ? 'nothing' : `${element.tagName.toLowerCase()} ${nameOf(element)}`
