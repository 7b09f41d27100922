import { spawn } from 'node:child_process'

/** Type-checks each environment (page, text, worker, protocol, unit tests, relay, browser tests) with its own tsconfig. */
const environments = ['src', 'src/text', 'workers', 'workers/protocol', 'workers/testing', 'relay', 'e2e']

const check = (environment: string): Promise<{ environment: string; code: number; output: string }> =>
  new Promise((resolve) => {
    const child = spawn('tsc', ['-p', environment, '--pretty', 'false'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.on('error', (error) => resolve({ environment, code: 1, output: error.message }))
    child.on('close', (code) => resolve({ environment, code: code ?? 1, output }))
  })

let failed = 0
for (const environment of environments) {
  const result = await check(environment)
  console.log(`types ${environment}: ${result.code === 0 ? 'ok' : 'failed'}`)
  if (result.code !== 0) {
    failed += 1
    console.log(result.output)
  }
}
process.exitCode = failed === 0 ? 0 : 1
