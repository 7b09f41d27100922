import { spawnSync } from 'node:child_process'
import { existsSync, renameSync, statSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Mutation testing: changes one expression at a time and runs the tests of its room that cover it. `npm run mutate` runs
 * for hours; `npm run mutate -- workers/protocol/ids.ts workers/stack` limits it to files and folders.
 */
const workers = fileURLToPath(new URL('../workers', import.meta.url))
const rooms = ['protocol', 'registry', 'content', 'stack']

const excluded = '!workers/**/*.test.ts'

/** Output file of Stryker (stryker.config.json), renamed after each room. */
const report = 'reports/mutation.html'

const patternsByRoom = new Map<string, string[]>()
const paths = process.argv.slice(2)
for (const path of paths.length > 0 ? paths : rooms.map((room) => `workers/${room}`)) {
  const absolute = resolve(path)
  const [room = ''] = absolute.startsWith(`${workers}${sep}`) ? absolute.slice(workers.length + 1).split(sep) : []
  if (room === '') throw new Error(`${path} is not in a room of workers.`)
  const pattern = statSync(absolute).isDirectory() ? `${path.replace(/\/$/, '')}/**/*.ts` : path
  patternsByRoom.set(room, [...(patternsByRoom.get(room) ?? []), pattern])
}

for (const [room, patterns] of patternsByRoom) {
  const { status } = spawnSync('stryker', ['run', '--mutate', [...patterns, excluded].join(',')], {
    stdio: 'inherit',
    env: { ...process.env, MUTATED_ROOM: room },
  })
  if (status !== 0) process.exitCode = 1
  if (existsSync(report)) renameSync(report, `reports/mutation-${room}.html`)
}
