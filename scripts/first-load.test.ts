import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { limitFirstLoad } from './first-load.ts'

const folder = mkdtempSync(join(tmpdir(), 'ggen-first-load-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => vi.restoreAllMocks())

/** Creates text that takes about `bytes` after gzip. */
const incompressible = (bytes: number): string => {
  let state = 1
  return Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 24).toString(16).padStart(2, '0')
  }).join('')
}

const buildWith = async (maxKiB: number, importedAtStart: string[]): Promise<string[]> => {
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line))
  const files = {
    'entry.js':
      "import './styles.css'\nimport { shared } from './shared.js'\nconsole.info(shared)\nimport('./start.js')\nimport('./later.js')",
    'shared.js': `export const shared = '${incompressible(2_048)}'`,
    'start.js': `import { shared } from './shared.js'\nexport const start = shared + '${incompressible(3_072)}'`,
    'later.js': `export const later = '${incompressible(40_960)}'`,
    'styles.css': `body { --long: '${incompressible(4_096)}' }`,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  await build({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    plugins: [limitFirstLoad({ name: 'page', importedAtStart, maxKiB })],
    build: { write: false, rollupOptions: { input: join(folder, 'entry.js') } },
  })
  return lines
}

test('the first load counts the entry, its imports at start and styles, but no later chunks', async () => {
  const [line] = await buildWith(100, ['/start.js'])
  const size = Number(/page: ([\d.]+) KiB/.exec(line ?? '')?.[1])
  // Contents of 2, 3 and 4 KiB plus a few bytes.
  expect(size).toBeGreaterThan(9)
  expect(size).toBeLessThan(12)
})

test('a first load above its limit fails the build and names the files', async () => {
  await expect(buildWith(8, ['/start.js'])).rejects.toThrow(/above its limit of 8 KiB:[\s\S]*KiB assets\/start/)
})

test('the build fails when a module is no longer a separate chunk', async () => {
  await expect(buildWith(100, ['/gone.js'])).rejects.toThrow('/gone.js counts as loaded at start')
})
