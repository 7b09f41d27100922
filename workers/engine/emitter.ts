/** Adds a listener; returns a function that removes it. */
export type Subscribe<T> = (listener: (value: T) => void) => () => void

export interface Emitter<T> {
  /** Calls the listeners synchronously, in order of subscription. */
  emit(value: T): void
  readonly subscribe: Subscribe<T>
}

/** One kind of event, through which a part reports to parts created after it. */
export const createEmitter = <T = void>(): Emitter<T> => {
  const listeners = new Set<(value: T) => void>()
  return {
    emit(value) {
      for (const listener of listeners) listener(value)
    },
    subscribe(given) {
      // A listener that subscribes twice is called twice.
      const listener = (value: T): void => given(value)
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
