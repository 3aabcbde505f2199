/**
 * The sampling thread: one loop from 1 to 1000 Hz. It sleeps until an absolute deadline, which no
 * other work of the program can delay, reads every process, and appends one line.
 */
import { devNull } from 'node:os'
import { MessageChannel, type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { takePrecedence } from '../../linux/threads/this-thread.js'
import { findSamplingLoop } from './native/native-loop.js'
import { Sampler } from './sampler-loop.js'
import type { SamplerSettings } from './sampler-protocol.js'

/**
 * Number of samplers that warm up, about 50 ms in all. V8 optimizes what all samplers do alike for
 * all of them, and what one sampler does for that one only.
 */
const WARM_UP_SAMPLERS = 8
/**
 * Longest interval that takes precedence: at such rates a sample that waits for a busy processor is
 * lost.
 */
const PRECEDENCE_INTERVAL_MS = 5

const { port, settings } = workerData as { port: MessagePort; settings: SamplerSettings }
if (parentPort === null) throw new Error('the sampler runs as a worker thread')
const sample = findSamplingLoop()
if (settings.intervalMs <= PRECEDENCE_INTERVAL_MS) takePrecedence()
// With samples taken in C, JavaScript runs twice a second or so, and compiling it would cost more
// than it saves.
if (sample === undefined) warmUp(settings)
new Sampler(port, settings, sample).run()

function warmUp({ tree, ...others }: SamplerSettings): void {
  const warmUpSettings: SamplerSettings = {
    ...others,
    samplesFile: devNull,
    rssLimitBytes: null,
    // Sometimes on time and sometimes late.
    intervalMs: 0.02,
    statusIntervals: { risingMs: 0.2, movingMs: 0.2, idleMs: 0.2 },
    bell: new SharedArrayBuffer(4),
    tree: tree === null ? null : { assignment: null, recorderPid: process.pid },
  }
  for (let i = 0; i < WARM_UP_SAMPLERS; i++) new Sampler(new MessageChannel().port1, warmUpSettings, undefined).warmUp()
}
