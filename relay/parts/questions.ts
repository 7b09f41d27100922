/** Questions to another process that are still open. */
export interface Questions<Answer> {
  /** Undefined when no answer comes in time, or cannot. */
  ask(send: (question: number) => boolean): Promise<Answer | undefined>
  answer(question: number, answer: Answer | undefined): void
}

/** An answer takes less than a millisecond; a process that is stopped or busy gives none (ms). */
const answerTimeoutMs = 2_000

/** Bounds what questions to a process that hangs cost this one. */
const maxOpen = 256

export const createQuestions = <Answer>(): Questions<Answer> => {
  const open = new Map<number, (answer: Answer | undefined) => void>()
  let last = 0
  return {
    ask(send) {
      if (open.size >= maxOpen) return Promise.resolve(undefined)
      last += 1
      const question = last
      return new Promise((resolve) => {
        const settle = (answer: Answer | undefined): void => {
          clearTimeout(deadline)
          open.delete(question)
          resolve(answer)
        }
        const deadline = setTimeout(settle, answerTimeoutMs, undefined)
        open.set(question, settle)
        if (!send(question)) settle(undefined)
      })
    },
    answer: (question, answer) => open.get(question)?.(answer),
  }
}
