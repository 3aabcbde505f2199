/**
 * What a training step, an evaluation and a cleanup cost. Prints Markdown:
 *
 *     npx jiti bench/kernels.ts > bench/results/kernels.md
 *
 * Medians of several repeats, in one process. GFLOP/s count every multiplication and addition of the textbook's formulas,
 * also those with pixels that are zero, which the kernels leave out.
 */
import { cpus } from 'node:os'
import { examplesOf, readDigits, splitDigits } from '../src/federation/training/digits.js'
import { initialWeights } from '../src/federation/training/initial-weights.js'
import { createModel } from '../src/federation/training/model-choice.js'
import { sgdSteps } from '../src/federation/training/sgd.js'
import { cleanupMemory } from '../src/memory/index.js'

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
