/** Requests to another process that await a response. */
export interface PendingRequests<Response> {
  /** Sends a request with a new id; undefined when it cannot be sent or no response arrives in time. */
  send(send: (requestId: number) => boolean): Promise<Response | undefined>
  settle(requestId: number, response: Response | undefined): void
}

/** Responses take less than a millisecond; a stopped or busy process sends none (ms). */
const responseTimeoutMs = 2_000

/** Bounds what requests to a hung process cost this one. */
const maxPending = 256

export const createPendingRequests = <Response>(): PendingRequests<Response> => {
  const pending = new Map<number, (response: Response | undefined) => void>()
  let lastId = 0
  return {
    send(send) {
      if (pending.size >= maxPending) return Promise.resolve(undefined)
      lastId += 1
      const requestId = lastId
      return new Promise((resolve) => {
        const settle = (response: Response | undefined): void => {
          clearTimeout(deadline)
          pending.delete(requestId)
          resolve(response)
        }
        const deadline = setTimeout(settle, responseTimeoutMs, undefined)
        pending.set(requestId, settle)
        if (!send(requestId)) settle(undefined)
      })
    },
    settle: (requestId, response) => pending.get(requestId)?.(response),
  }
}
