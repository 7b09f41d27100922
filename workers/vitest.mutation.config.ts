import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { nodeTests } from './vitest.config.ts'

/** Set by scripts/mutate.ts. Only the room's own tests run, because they must catch what the room guarantees. */
const room = process.env['MUTATED_ROOM'] ?? '*'

/** Fuzz tests of decoders take most of the time and show only that nothing throws or takes long. */
const fuzzing = ['workers/protocol/mutation.test.ts', 'workers/protocol/decoder-work.test.ts']

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: { ...nodeTests, include: [`workers/${room}/**/*.test.ts`], exclude: [...nodeTests.exclude, ...fuzzing] },
})
