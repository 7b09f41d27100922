/** Runs tasks one after the other, in the order in which they came. A task that fails does not stop the next. */
export interface Queue {
  run<T>(task: () => Promise<T>): Promise<T>
}

export const createQueue = (): Queue => {
  let last: Promise<unknown> = Promise.resolve()
  return {
    run(task) {
      const result = last.then(task, task)
      last = result.catch(() => {})
      return result
    },
  }
}
