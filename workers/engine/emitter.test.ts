import { expect, test } from 'vitest'
import { createEmitter } from './emitter.ts'

test('listeners are called synchronously, in order, until they are removed', () => {
  const heard: string[] = []
  const emitter = createEmitter<number>()
  const undo = emitter.subscribe((value) => heard.push(`a${value}`))
  emitter.subscribe((value) => heard.push(`b${value}`))
  emitter.emit(1)
  undo()
  emitter.emit(2)
  expect(heard).toEqual(['a1', 'b1', 'b2'])
})
