/** Lets what waits for this thread run first: commands of the page, data that came. */
export const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))
