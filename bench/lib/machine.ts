import { cpus } from 'node:os'

/** What of a machine makes its figures comparable with another's, and no more. */
export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly node: string
}

export const thisMachine = (): Machine => {
  const cores = cpus()
  return { cores: cores.length, cpu: cores[0]?.model.trim() ?? 'unknown', node: process.version }
}

export const machineToText = ({ cores, cpu, node }: Machine): string => `${cores} cores of ${cpu}, Node ${node}`

/** Another version of Node may be slower, and is told as such: it is not another machine. */
export const isSameMachine = (a: Machine, b: Machine): boolean => a.cores === b.cores && a.cpu === b.cpu
