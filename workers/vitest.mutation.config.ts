import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { nodeTests } from './vitest.config.ts'

/** Set by scripts/mutate.ts. What a room promises, its own tests have to catch, so only these run. */
const room = process.env['MUTATED_ROOM'] ?? '*'

/** Fuzzing of decoders says only that nothing throws or takes long, and takes most of the time. */
const fuzzing = ['workers/protocol/mutation.test.ts', 'workers/protocol/decoder-work.test.ts']

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: { ...nodeTests, include: [`workers/${room}/**/*.test.ts`], exclude: [...nodeTests.exclude, ...fuzzing] },
})
