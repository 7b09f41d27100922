import { type RefObject, useLayoutEffect, useRef } from 'react'

const moveMs = 200

/**
 * Lets the children of an element glide to their new places when `order` changes, so that the eye can follow a row of a
 * ranking, and nothing jumps under a pointer. Not for those who asked for less motion.
 */
export const useRowMotion = (parent: RefObject<HTMLElement | null>, order: string): void => {
  const tops = useRef<ReadonlyMap<Element, number>>(new Map())
  // biome-ignore lint/correctness/useExhaustiveDependencies: positions are read only when the order changes
  useLayoutEffect(() => {
    const rows = [...(parent.current?.children ?? [])].filter((row) => row instanceof HTMLElement)
    const now = new Map(rows.map((row) => [row, row.offsetTop] as const))
    const before = tops.current
    tops.current = now
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
    for (const [row, top] of now) {
      const from = before.get(row)
      if (from === undefined || from === top) continue
      row.animate([{ transform: `translateY(${from - top}px)` }, { transform: 'none' }], {
        duration: moveMs,
        easing: 'ease-out',
      })
    }
  }, [parent, order])
}
