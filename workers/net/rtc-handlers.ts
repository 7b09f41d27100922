/**
 * Event handler attributes (`onopen` and the like) as browsers have them: a function is called as if it were a listener
 * added when the attribute was first set, null takes it off, and setting another keeps the place.
 */
export const defineHandlers = (prototype: EventTarget, types: readonly string[]): void => {
  for (const type of types) {
    const handlers = new WeakMap<EventTarget, { handler: Handler | null }>()
    Object.defineProperty(prototype, `on${type}`, {
      configurable: true,
      enumerable: true,
      get(this: EventTarget): Handler | null {
        return handlers.get(this)?.handler ?? null
      },
      set(this: EventTarget, value: unknown) {
        const handler = typeof value === 'function' ? (value as Handler) : null
        const slot = handlers.get(this)
        if (slot !== undefined) {
          slot.handler = handler
          return
        }
        const created = { handler }
        handlers.set(this, created)
        this.addEventListener(type, (event) => created.handler?.call(this, event))
      },
    })
  }
}

type Handler = (this: EventTarget, event: Event) => unknown
