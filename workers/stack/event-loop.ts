/** Lets what waits for this thread run first: commands of the page, data that came. */
export const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))
