import { expect, test } from 'vitest'
import { maxChanged } from '../contract/updates.ts'
import type { PackageId } from '../protocol/ids.ts'
import type { CataloguePackage } from '../registry/catalogue.ts'
import { changedViews } from './changed-views.ts'

const package_ = (id: string, dependencies: object[] = []) =>
  ({
    id,
    slug: id.slice(id.indexOf('/') + 1),
    latest: { release: { release: { dependencies } } },
  }) as unknown as CataloguePackage & { id: PackageId }

const catalogueOf = (packages: ReturnType<typeof package_>[]) => ({
  get: (id: string) => packages.find((each) => each.id === id),
  bySlug: (slug: string) => packages.filter((each) => each.slug === slug),
})

test('a changed package changes the views of its namesakes and dependencies', () => {
  const dependencies = [
    { name: 'base', kind: 'package' },
    { name: 'named', kind: 'unknown', id: 'x/named' },
    { name: 'serde', kind: 'external' },
  ]
  const packages = [
    package_('a/kit', dependencies),
    package_('b/kit'),
    package_('c/base'),
    package_('d/base'),
    package_('x/named'),
    package_('y/named'),
    package_('z/serde'),
  ]
  const changed = changedViews([packages[0]?.id as PackageId], catalogueOf(packages))
  expect([...changed].sort()).toEqual(['a/kit', 'b/kit', 'c/base', 'd/base', 'x/named'])
})

test('a removed package is named, with its namesakes', () => {
  expect([...changedViews(['gone/kit' as PackageId], catalogueOf([package_('b/kit')]))]).toEqual(['gone/kit', 'b/kit'])
})

test('very many packages are not named one by one', () => {
  const packages = Array.from({ length: maxChanged + 1 }, (_, at) => package_(`p/${at}`))
  expect(
    changedViews(
      packages.map(({ id }) => id),
      catalogueOf(packages),
    ),
  ).toBe('many')
  const namesakes = Array.from({ length: maxChanged + 1 }, (_, at) => package_(`${at}/kit`))
  expect(changedViews(['0/kit' as PackageId], catalogueOf(namesakes))).toBe('many')
})
