/** Runs both checks under the allocators named, or all that are installed; exit code 1: an expectation is not met. See README.md. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { allocatorLibrary } from '../../dist/shared/allocator-library.js'

const ALLOCATED_BYTES = 100e6
const EXPECTED_SHARE = 0.9
const EXPECTED_CREEP_BYTES = 10e6

const asked = process.argv.slice(2)
const allocators = asked.length > 0 ? asked : ['glibc', 'jemalloc', 'mimalloc', 'tcmalloc']
const preloads = findPreloads()
const failures = []

console.log('100 MB allocated, dropped, cleaned up, five times (MB)\n')
printRow(['', 'RSS before', 'filled', 'after', 'comes back', 'collect ms', 'purge ms'])
for (const [allocator, preload] of preloads) {
  const { repeats, allocator: loaded } = runProgram('give-back.mjs', preload)
  const shares = repeats.map(shareGivenBack)
  const lowest = Math.min(...shares.slice(warmUpOf(allocator)))
  const last = repeats.at(-1)
  printRow([
    loaded,
    mb(last.emptyBytes),
    mb(last.filledBytes),
    mb(last.cleanup.rssAfterBytes),
    `${percent(Math.min(...shares))} to ${percent(Math.max(...shares))}`,
    cost(repeats.map((r) => r.cleanup.gcMs)),
    cost(repeats.map((r) => r.cleanup.purgeMs)),
  ])
  expectThat(loaded === allocator, `${allocator} was to be loaded, and ${loaded} was found`)
  expectThat(lowest >= EXPECTED_SHARE, `${allocator}: ${percent(lowest)} came back, at least 90 % was expected`)
}

console.log('\nRSS at the end of ten rounds of 100 MB (MB)\n')
printRow(['', 'cleanup', ...Array.from({ length: 10 }, (_, i) => `${i + 1}`)])
for (const [allocator, preload] of preloads) {
  for (const every of [0, 1]) {
    const { rssBytes } = runProgram('ten-rounds.mjs', preload, every)
    printRow([allocator, every === 0 ? 'never' : 'each round', ...rssBytes.map(mb)])
    const creep = rssBytes.at(-1) - rssBytes[warmUpOf(allocator)]
    const grows = every === 1 && creep > EXPECTED_CREEP_BYTES
    expectThat(!grows, `${allocator} with cleanup: ${mb(creep)} MB more after ten rounds, at most 10 were expected`)
  }
}

console.log(failures.length === 0 ? '\nAs expected.' : `\nNot as expected:\n${failures.join('\n')}`)
process.exitCode = failures.length === 0 ? 0 : 1

/** What is to be preloaded for each allocator, by name. One that is not installed is left out unless it was asked for. */
function findPreloads() {
  const found = new Map()
  for (const allocator of allocators) {
    try {
      found.set(allocator, allocatorLibrary(allocator) ?? '')
    } catch (error) {
      if (error.exitCode !== 2 || asked.length > 0) throw error
      console.error(`left out: ${error.message}. ${error.fix}`)
    }
  }
  return found
}

function runProgram(name, preload, ...args) {
  const program = fileURLToPath(new URL(name, import.meta.url))
  const env = { ...process.env, LD_PRELOAD: preload }
  const stdio = ['ignore', 'pipe', 'inherit']
  return JSON.parse(execFileSync(process.execPath, [program, ...args.map(String)], { env, stdio, encoding: 'utf8' }))
}

/** RSS hardly rises where pages are used again that were not given back before; nothing divided by nothing is no share. */
function shareGivenBack({ emptyBytes, filledBytes, cleanup }) {
  return (filledBytes - cleanup.rssAfterBytes) / Math.max(filledBytes - emptyBytes, ALLOCATED_BYTES / 2)
}

/** Repeats that are not judged: others than glibc keep some of what they first took, mimalloc of the first two times. */
function warmUpOf(allocator) {
  return allocator === 'glibc' ? 0 : 2
}

function expectThat(isMet, otherwise) {
  if (!isMet) failures.push(otherwise)
}

function printRow([name, ...cells]) {
  const width = cells.length > 6 ? 6 : 14
  console.log(name.padEnd(10) + cells.map((cell, i) => ` ${cell}`.padStart(i === 0 ? 11 : width)).join(''))
}

function mb(bytes) {
  return (bytes / 1e6).toFixed(0)
}

function percent(share) {
  return `${(100 * share).toFixed(0)} %`
}

/** The middle one of five costs; a step that could not run has none. */
function cost(values) {
  return values.includes(null) ? 'not run' : values.sort((a, b) => a - b)[2].toFixed(1)
}
