import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { MessageChannel, Worker } from 'node:worker_threads'
import { ring } from '../../linux/native/interruptible-sleep.js'
import { TidemarkError } from '../../shared/errors.js'
import type { FromSampler, ProcessToSample, SamplerSettings, ToSampler } from './sampler-protocol.js'

/** The sampling thread as the recorder sees it. */
export interface SamplerHandle {
  /** Resolves when the thread is up, or has died. */
  readonly ready: Promise<void>
  add(process: ProcessToSample): void
  /** Ends the thread. Resolves after its last messages, `stopped` among them, were delivered. */
  stop(): Promise<void>
}

/**
 * Starts the sampling thread. Every message goes to `onMessage`; an error that ends the thread goes
 * to `onDeath`.
 */
export function startSampler(
  settings: Omit<SamplerSettings, 'bell'>,
  onMessage: (message: FromSampler) => void,
  onDeath: (error: TidemarkError) => void,
): SamplerHandle {
  const bell = new SharedArrayBuffer(4)
  const word = new Int32Array(bell)
  const { port1: ours, port2: theirs } = new MessageChannel()
  const worker = new Worker(workerFile(), {
    workerData: { port: theirs, settings: { ...settings, bell } },
    transferList: [theirs],
    // Do not inherit the flags of a program that uses Tidemark as a library; some, such as
    // --input-type, would end the thread.
    execArgv: [],
    // The heap holds a few hundred processes and a buffer; a small nursery keeps RSS small as well.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  })
  let wakeDescriptor: number | null = null
  const closed = once(ours, 'close').then(() => {
    if (wakeDescriptor !== null) closeSync(wakeDescriptor)
    wakeDescriptor = null
  })
  const up = new Promise<void>((resolve) => {
    ours.on('message', (message: FromSampler) => {
      if (message.kind !== 'ready') return onMessage(message)
      wakeDescriptor = message.wakeDescriptor
      resolve()
    })
  })
  worker.on('error', (error) =>
    onDeath(new TidemarkError(`the sampling thread died: ${error.message}`, { cause: error })),
  )
  const send = (order: ToSampler) => {
    ours.postMessage(order)
    ring(word, wakeDescriptor)
  }
  return {
    ready: Promise.race([up, closed]),
    add: (process) => send({ kind: 'add', process }),
    stop: async () => {
      send({ kind: 'stop' })
      await closed
    },
  }
}

/**
 * Returns the compiled thread, even when run from the sources as in tests: threads cannot run
 * TypeScript on Node 20.
 */
function workerFile(): URL {
  const compiled = import.meta.url.endsWith('.ts')
    ? '../../../dist/recording/sampling/sampler-worker.js'
    : './sampler-worker.js'
  return new URL(compiled, import.meta.url)
}
