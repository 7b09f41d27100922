import { expect, test } from 'vitest'
import { sealHue, sealPath } from './identicon.ts'

const [one, other] = ['a'.repeat(52), 'b'.repeat(52)]

test('the slug determines the pattern, the publisher the colour', () => {
  expect(sealPath(`${one}/hello`)).toBe(sealPath(`${other}/hello`))
  expect(sealPath(`${one}/hello`)).not.toBe(sealPath(`${one}/world`))
  expect(sealHue(`${one}/hello`)).toBe(sealHue(`${one}/world`))
  expect(sealHue(`${one}/hello`)).not.toBe(sealHue(`${other}/hello`))
})

test('the pattern is mirrored and stays on its grid', () => {
  const cells = new Set(sealPath(`${one}/hello-world`).match(/M\d \d/g))
  expect(cells.size).toBeGreaterThan(0)
  for (const cell of cells) {
    const [column = 9, row = 9] = cell.slice(1).split(' ').map(Number)
    expect(column).toBeLessThan(5)
    expect(row).toBeLessThan(5)
    expect(cells.has(`M${4 - column} ${row}`)).toBe(true)
  }
})
