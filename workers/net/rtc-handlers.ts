/**
 * Defines event handler attributes (`onopen` and the like) as browsers do: the handler keeps the position in the
 * listener order at which the attribute was first set, null removes it, and another function replaces it in place.
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
        const existing = handlers.get(this)
        if (existing !== undefined) {
          existing.handler = handler
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
