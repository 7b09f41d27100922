import { glob, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { allReasons } from './reasons.ts'

/**
 * The page supplies the words. Types keep sentences out of most reasons; these tests keep them out of the values, and
 * find unused codes.
 */

const sources = async (pattern: string): Promise<[path: string, text: string][]> => {
  const files: [string, string][] = []
  for await (const path of glob(pattern, { exclude: (name) => String(name).endsWith('.test.ts') }))
    files.push([path, await readFile(path, 'utf8')])
  return files
}

/** A capital letter, several words and a final mark: no code, name or technical detail looks like this. */
const sentence = /(['"`])(?:\p{Lu}[^'"`\n]* [^'"`\n]*[.!?])\1/gu

const insideReasons = (text: string): string[] =>
  [...text.matchAll(/\{\s*code:[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/g)].map(([reason]) => reason)

test('reasons of the engine never hold a sentence', async () => {
  const files = await sources('workers/**/*.ts')
  expect(files.length).toBeGreaterThan(200)
  const found = files.flatMap(([path, text]) =>
    insideReasons(text).flatMap((reason) => [...reason.matchAll(sentence)].map(([words]) => `${path}: ${words}`)),
  )
  expect(found).toEqual([])
})

test('the check finds a sentence in a value', () => {
  const [reason = ''] = insideReasons("new Failure('Internal', { code: 'unexpected', detail: 'It did not work.' })")
  expect([...reason.matchAll(sentence)]).toHaveLength(1)
})

test('every code is used', async () => {
  const files = [...(await sources('workers/**/*.ts')), ...(await sources('src/**/*.{ts,tsx}'))].filter(
    ([path]) => !/-reasons\.ts$|src\/text\//.test(path),
  )
  const all = files.map(([, text]) => text).join('\n')
  expect(Object.keys(allReasons).filter((code) => !all.includes(`'${code}'`))).toEqual([])
})
