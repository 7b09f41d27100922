import { type Profiler, Session } from 'node:inspector'

/**
 * Counts work instead of time: the executions of all code blocks during `run` (V8's block coverage with counts). The
 * same input gives the same count on any machine under any load. Each iteration of a loop counts; a built-in, such as a
 * regular expression match, counts once.
 *
 * Import it before the code to measure: for code that was compiled earlier, only calls count.
 */
const session = new Session()
session.connect()

const post = <T>(method: string, params: object = {}): T => {
  let answer: T | undefined
  let failure: Error | null = null
  session.post(method, params, (error: Error | null, result?: object) => {
    failure = error
    answer = result as T
  })
  if (failure !== null) throw failure
  if (answer === undefined) throw new Error(`The inspector did not answer ${method} at once.`)
  return answer
}

post('Profiler.enable')
post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })

const take = (): number => {
  const { result } = post<Profiler.TakePreciseCoverageReturnType>('Profiler.takePreciseCoverage')
  let count = 0
  for (const { functions } of result)
    for (const { ranges } of functions) for (const range of ranges) count += range.count
  return count
}

/** The overhead of counting: the code of this file. */
export const workOf = (run: () => unknown): number => {
  take()
  run()
  return take()
}
