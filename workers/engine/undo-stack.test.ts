import { expect, test } from 'vitest'
import { createUndoStack } from './undo-stack.ts'

test('what began last is undone first, once, and a failing undo keeps no other from running', async () => {
  const undone: string[] = []
  const undos = createUndoStack()
  undos.add(
    () => undone.push('first'),
    () => Promise.reject(new Error('gone already')),
  )
  undos.add(async () => {
    await Promise.resolve()
    undone.push('last')
  })
  await undos.run()
  await undos.run()
  expect(undone).toEqual(['last', 'first'])
})
