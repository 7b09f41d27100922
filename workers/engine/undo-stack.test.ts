import { expect, test } from 'vitest'
import { createUndoStack } from './undo-stack.ts'

test('undos run once, the last added first, and a failed undo does not prevent the others', async () => {
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
