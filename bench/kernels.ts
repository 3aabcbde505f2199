/**
 * What a training step, an evaluation, a cleanup, and the loops over weights cost, and fresh memory for them. Prints Markdown:
 *
 *     npx jiti bench/kernels.ts > bench/results/kernels.md
 *
 * Medians of several repeats, in one process. GFLOP/s count every multiplication and addition of the textbook's formulas,
 * also those with pixels that are zero, which the loops leave out. The loops over weights go through 100 MiB in the pieces in which
 * a server meets them: 64 KiB from a socket, 8192 values of a sum.
 */
import { cpus } from 'node:os'
import { firstNonFinite, mixWords, writePair } from '../src/federation/tensors/value-loops.js'
import { examplesOf, readDigits, splitDigits } from '../src/federation/training/digits/digits.js'
import { initialWeights } from '../src/federation/training/initial-weights.js'
import { createModel } from '../src/federation/training/models/model-choice.js'
import { sgdSteps } from '../src/federation/training/sgd.js'
import { adviseHugePages } from '../src/memory/huge-pages.js'
import { cleanupMemory } from '../src/memory/index.js'
import { MIB } from '../src/shared/units.js'

const MB = 1e6
const BATCH = 16
const STEPS = 8
const REPEATS = 5

const digits = readDigits()
const { dealt, heldOut } = splitDigits()

console.log(`Node ${process.version}, ${cpus()[0]?.model.trim()}, ${cpus().length} cores\n`)
console.log('| MLP | hidden units | step of 16 examples (ms) | GFLOP/s | evaluation of 397 digits (ms) |')
console.log('| --- | --- | --- | --- | --- |')
for (const modelSize of [1 * MB, 10 * MB, 50 * MB]) await benchTraining(modelSize)

console.log('\n| dropped, in blocks of 800 KiB | collect (ms) | purge (ms) | given back |')
console.log('| --- | --- | --- | --- |')
for (const bytes of [0, 100 * MB, 500 * MB]) await benchCleanup(bytes)

console.log('\n| 100 MiB of float32 | ms |')
console.log('| --- | --- |')
await benchLoops()

console.log('\n| fresh memory, written for the first time | ms |')
console.log('| --- | --- |')
await benchFreshMemory()

async function benchTraining(modelSize: number): Promise<void> {
  const choice = { trainer: 'sgd', model: 'mlp', modelSize } as const
  const weights = initialWeights(choice, 1)
  const model = createModel(choice)
  const hidden = weights.specs[1]!.shape[0]!
  const examples = examplesOf(digits, dealt.slice(0, BATCH * STEPS))
  const held = examplesOf(digits, heldOut)
  const plan = { steps: STEPS, batchSize: BATCH, learningRate: 0.1 }
  const stepMs = (await medianMs(() => sgdSteps(model, weights, examples, plan))) / STEPS
  const evaluationMs = await medianMs(() =>
    model.countRight(weights.data, { examples: held, start: 0, end: held.count }),
  )
  // Forward, then the gradients of both layers and of the hidden one: 2 x (74 + 64 + 10 + 10) a hidden unit and example.
  const gigaflops = (BATCH * hidden * 2 * 158) / stepMs / 1e6
  console.log(
    `| ${modelSize / MB} MB | ${hidden} | ${stepMs.toFixed(1)} | ${gigaflops.toFixed(2)} | ${evaluationMs.toFixed(0)} |`,
  )
}

async function benchCleanup(bytes: number): Promise<void> {
  const records = []
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const blocks = Array.from({ length: Math.round(bytes / 819_200) }, () => new Float32Array(204_800).fill(1))
    blocks.length = 0
    records.push(await cleanupMemory())
  }
  const collectMs = median(records.map(({ gcMs }) => gcMs ?? Number.NaN))
  const purgeMs = median(records.map(({ purgeMs }) => purgeMs ?? Number.NaN))
  const givenBack = median(records.map(({ rssBeforeBytes, rssAfterBytes }) => rssBeforeBytes - rssAfterBytes))
  console.log(
    `| ${bytes / MB} MB | ${collectMs.toFixed(1)} | ${purgeMs.toFixed(1)} | ${(givenBack / MB).toFixed(0)} MB |`,
  )
}

async function benchLoops(): Promise<void> {
  const length = (100 * MIB) / Float32Array.BYTES_PER_ELEMENT
  const a = { share: 0.25, data: Float32Array.from({ length }, (_, i) => Math.sin(i)) }
  const b = { share: 0.75, data: a.data.slice() }
  const words = new Uint32Array(a.data.buffer)
  const lanes = new Uint32Array(32)
  const inPieces = (values: number, run: (start: number, end: number) => void) => () => {
    for (let start = 0; start < length; start += values) run(start, Math.min(length, start + values))
  }
  const loops: [string, () => void][] = [
    ['is every value finite?', inPieces(16_384, (start, end) => firstNonFinite(a.data, start, end))],
    ['sum of two', inPieces(8192, (start, end) => writePair(a.data, [a, b], start, end))],
    ['digest', inPieces(16_384, (start, end) => mixWords(lanes, words, start, end))],
  ]
  for (const [name, loop] of loops) console.log(`| ${name} | ${(await medianMs(loop)).toFixed(1)} |`)
}

async function benchFreshMemory(): Promise<void> {
  const write = (isAdvised: boolean) => () => {
    const buffer = Buffer.allocUnsafeSlow(100 * MIB)
    if (isAdvised) adviseHugePages(buffer.buffer)
    buffer.fill(1)
  }
  console.log(`| 100 MiB in pages of 4 KiB | ${(await medianMs(write(false))).toFixed(0)} |`)
  console.log(
    `| 100 MiB in huge pages, where the kernel has them on \`madvise\` | ${(await medianMs(write(true))).toFixed(0)} |`,
  )
}

async function medianMs(run: () => unknown): Promise<number> {
  const durations = []
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const startedMs = performance.now()
    await run()
    durations.push(performance.now() - startedMs)
  }
  return median(durations.slice(1))
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
