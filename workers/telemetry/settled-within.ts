/** Waits until all `work` has settled, at most `ms`. Never rejects. */
export const settledWithin = async (ms: number, ...work: readonly Promise<unknown>[]): Promise<void> => {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([late, Promise.allSettled(work)])
  clearTimeout(timer)
}
