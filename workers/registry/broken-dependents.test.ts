import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PackageId } from '../protocol/ids.ts'
import type { Dependency } from '../protocol/release.ts'
import { findBroken, type InstalledPackage } from './broken-dependents.ts'

const entry = (name: string, version = '1.0.0'): InstalledPackage => ({
  id: name.includes('/') ? name : `alice/${name}`,
  slug: name.slice(name.indexOf('/') + 1),
  version,
})

const needs = (name: string, changes: Partial<Dependency> = {}): Dependency => ({
  kind: 'package',
  name,
  range: '^1.0.0',
  optional: false,
  ...changes,
})

const broken = (
  leaving: InstalledPackage,
  installed: readonly InstalledPackage[],
  dependencies: Readonly<Record<string, readonly Dependency[]>>,
): string[] =>
  findBroken(leaving, installed, ({ id }) => dependencies[id] ?? []).map(({ id, version }) => `${id} ${version}`)

test('names direct and transitive dependents once each', () => {
  const installed = [entry('top'), entry('web'), entry('kit'), entry('alone')]
  const dependencies = { 'alice/web': [needs('kit')], 'alice/top': [needs('web'), needs('kit')] }
  expect(broken(entry('kit'), installed, dependencies)).toEqual(['alice/top 1.0.0', 'alice/web 1.0.0'])
  expect(broken(entry('web'), installed, dependencies)).toEqual(['alice/top 1.0.0'])
  expect(broken(entry('top'), installed, dependencies)).toEqual([])
})

test('another fitting version, an optional dependency and a tool of the same name break nothing', () => {
  const installed = [entry('kit'), entry('kit', '1.2.0'), entry('web'), entry('old')]
  expect(broken(entry('kit'), installed, { 'alice/web': [needs('kit')] })).toEqual([])
  expect(broken(entry('kit'), installed, { 'alice/old': [needs('kit', { range: '1.0.0' })] })).toEqual([
    'alice/old 1.0.0',
  ])
  expect(broken(entry('kit'), installed, { 'alice/old': [needs('kit', { range: '=1.0.0', optional: true })] })).toEqual(
    [],
  )
  expect(
    broken(entry('kit'), installed, { 'alice/old': [needs('kit', { range: '=1.0.0', kind: 'external' })] }),
  ).toEqual([])
  expect(broken(entry('kit'), installed, { 'alice/old': [needs('gone'), needs('kit', { range: '^9.0.0' })] })).toEqual(
    [],
  )
})

test('a name refers to the package of the same publisher, else to any with that name; an id is exact', () => {
  const installed = [entry('alice/kit'), entry('bob/kit'), entry('alice/web'), entry('carol/web')]
  const dependencies = { 'alice/web': [needs('kit')], 'carol/web': [needs('kit')] }
  expect(broken(entry('alice/kit'), installed, dependencies)).toEqual(['alice/web 1.0.0', 'carol/web 1.0.0'])
  expect(broken(entry('bob/kit'), installed, dependencies)).toEqual(['carol/web 1.0.0'])
  const byId = { 'carol/web': [needs('kit', { id: 'bob/kit' as PackageId })] }
  expect(broken(entry('alice/kit'), installed, byId)).toEqual([])
  expect(broken(entry('bob/kit'), installed, byId)).toEqual(['carol/web 1.0.0'])
})

test('in a cycle every other package breaks, and none is its own dependent', () => {
  const installed = [entry('a'), entry('b')]
  const dependencies = { 'alice/a': [needs('b')], 'alice/b': [needs('a'), needs('b')] }
  expect(broken(entry('a'), installed, dependencies)).toEqual(['alice/b 1.0.0'])
})

test('equals its definition on arbitrary graphs', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const graph = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names), fc.boolean()), {
    maxLength: 14,
  })
  fc.assert(
    fc.property(graph, fc.constantFrom(...names), (edges, leaving) => {
      const dependencies: Record<string, Dependency[]> = {}
      for (const [from, to, optional] of edges) {
        const id = `alice/${from}`
        dependencies[id] = [...(dependencies[id] ?? []), needs(to, { optional })]
      }
      // Every package with a path of required edges to the removed one.
      const reaches = (from: string, seen: readonly string[] = []): boolean =>
        from === leaving ||
        (!seen.includes(from) &&
          edges.some(([a, b, optional]) => a === from && !optional && reaches(b, [...seen, from])))
      const expected = names.filter((name) => name !== leaving && reaches(name)).map((name) => `alice/${name} 1.0.0`)
      const found = broken(
        entry(leaving),
        names.map((name) => entry(name)),
        dependencies,
      )
      expect([...found].sort()).toEqual(expected)
    }),
    { seed: 4, numRuns: 500 },
  )
})

test('reads each release once and compares ids a bounded number of times, however long the dependency chain', () => {
  const length = 400
  const installed = Array.from({ length }, (_, at) => entry(`p${at}`))
  // Each package depends on its predecessor, listed last, and on many packages that stay.
  const stay = Array.from({ length: 127 }, (_, at) => needs(`stay${at}`))
  const staying = stay.map(({ name }) => entry(name))
  let asked = 0
  let looked = 0
  const found = findBroken(entry('p0'), [...installed].reverse().concat(staying), ({ slug }) => {
    asked += 1
    const before = Number(slug.slice(1)) - 1
    if (!(before >= 0)) return []
    return [...stay, needs(`p${before}`)].map((dependency) =>
      Object.defineProperty({ ...dependency }, 'range', {
        get: () => {
          looked += 1
          return dependency.range
        },
      }),
    )
  })
  expect(found.map(({ slug }) => slug)).toEqual(installed.slice(1).map(({ slug }) => slug))
  expect(asked).toBe(length + staying.length)
  expect(looked).toBe((length - 1) * (stay.length + 1))
})
