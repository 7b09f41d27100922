import { afterEach, expect, test } from 'vitest'
import type { FileInput, PackageCheck, PublishOptions } from '../../../workers/contract/views.ts'
import { type ShownPage, showPage, until } from '../../testing/shown-page.tsx'

let page: ShownPage | undefined
afterEach(() => page?.stop())

const fields = {
  slug: 'kit',
  version: '1.0.0',
  displayName: 'kit',
  description: '',
  category: 'c',
  license: 'MIT',
  tags: [],
  keywords: [],
  authors: [],
  repository: '',
}

const blocking = (files: readonly FileInput[], confirmed: readonly string[] = []): PackageCheck => {
  const blocked = files.filter(({ path }) => path.endsWith('.pem') && !confirmed.includes(path))
  return {
    ok: blocked.length === 0,
    findings: blocked.map(({ path }) => ({
      level: 'error',
      name: 'PrivateFile',
      path,
      reason: { code: 'private-file', path, sign: 'private-key', confirmed: false },
    })),
    fields,
    dependencies: [],
    files: files.map(({ path }) => ({ path, size: 1 })),
    size: 1,
    leftOut: [],
  }
}

const open = (
  names: readonly string[],
  check: (files: FileInput[], options?: PublishOptions) => Promise<PackageCheck>,
) => {
  const files = names.map((path) => ({ path, bytes: new Uint8Array(1) }))
  const draft = {
    stage: 'open' as const,
    source: 'kit',
    folder: 'kit',
    files,
    leftOut: [],
    confirmed: [],
    typed: {},
    check: blocking(files),
    dryRun: undefined,
    checking: false,
    publishing: false,
  }
  page = showPage('/publish', { draft }, { check })
  return page.element
}

const press = (element: HTMLElement, label: string): void => {
  const button = element.querySelector<HTMLElement>(`button[aria-label="${label}"]`)
  if (button === null) throw new Error(`The button ${label} is missing.`)
  button.focus()
  button.click()
}

const focused = (): string | null | undefined => document.activeElement?.getAttribute('aria-label')

test.each([
  ['before the next check has come', () => new Promise<PackageCheck>(() => {})],
  [
    'with a check after each',
    async (files: FileInput[], options?: PublishOptions) => blocking(files, options?.confirmedPrivate),
  ],
] as const)('the keyboard decides about one file after the other, %s', async (_when, check) => {
  const element = open(['a.pem', 'b.pem', 'c.pem', 'd.txt'], check)
  await until('the files are listed', () => element.querySelectorAll('.private-files li').length === 3)
  press(element, 'Leave out b.pem')
  await until('the file is gone from the list', () => element.querySelectorAll('.private-files li').length === 2)
  expect(focused()).toBe('Leave out c.pem')
  press(element, 'Publish anyway: c.pem')
  await until('the file is gone from the list', () => element.querySelectorAll('.private-files li').length === 1)
  expect(focused()).toBe('Leave out a.pem')
  press(element, 'Leave out a.pem')
  await until('the list is gone', () => element.querySelector('.private-files') === null)
  expect(document.activeElement?.className).toBe('private-place')
})
