import { readSync, writeSync } from 'node:fs'
import { lookUpNative, type NativeFunction } from './native-library.js'

/** A thread's sleep that another thread of the process can end early. */
export interface InterruptibleSleep {
  /**
   * Descriptor that `ring` needs in addition to the word, if any. The thread that rings closes it,
   * or `close` does if that is this thread.
   */
  readonly wakeDescriptor: number | null
  /** Sleeps for so many ms or until it is rung, without spinning. */
  sleep(ms: number): void
  close(): void
}

const EFD_NONBLOCK = 0o4000
const POLLIN = 1
const PR_SET_TIMERSLACK = 29

/**
 * Creates a sleep in ppoll(2), with a timer slack of 1 ns: by default the kernel may wake a thread
 * 50 us late. Without koffi it sleeps in Atomics.wait, which takes twice the processor time for
 * each sleep.
 *
 * @param word a word in shared memory that is zero as long as there is a reason to sleep
 */
export function interruptibleSleep(word: Int32Array): InterruptibleSleep {
  const ppoll = lookUpNative('int ppoll(void *, unsigned long, void *, void *)')
  const descriptor = lookUpNative('int eventfd(unsigned int, int)')?.(0, EFD_NONBLOCK) as number | undefined
  if (ppoll === undefined || descriptor === undefined || descriptor < 0) return new WaitingSleep(word)
  lookUpNative('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)')?.(
    PR_SET_TIMERSLACK,
    ...[1, 0, 0, 0],
  )
  return new PollingSleep(word, ppoll, descriptor)
}

/** Ends the sleep of another thread, or its next one. */
export function ring(word: Int32Array, wakeDescriptor: number | null): void {
  Atomics.store(word, 0, 1)
  Atomics.notify(word, 0)
  if (wakeDescriptor !== null) writeSync(wakeDescriptor, ONE)
}

/** What is written to an eventfd: a 64-bit number in the machine's byte order. */
const ONE = new BigUint64Array([1n])

class WaitingSleep implements InterruptibleSleep {
  readonly wakeDescriptor = null

  readonly #word: Int32Array

  constructor(word: Int32Array) {
    this.#word = word
  }

  sleep(ms: number): void {
    Atomics.wait(this.#word, 0, 0, ms)
  }

  close(): void {}
}

class PollingSleep implements InterruptibleSleep {
  readonly wakeDescriptor: number
  readonly #word: Int32Array
  readonly #ppoll: NativeFunction
  /**
   * `struct pollfd`: the descriptor, then two 16-bit words, the requested and the returned events.
   */
  readonly #polled: Int32Array
  readonly #events: Int16Array
  /**
   * `struct timespec`: seconds and nanoseconds of 64 bits each, of which the low halves are enough.
   */
  readonly #timeout = new Uint32Array(4)
  readonly #count = Buffer.alloc(8)

  constructor(word: Int32Array, ppoll: NativeFunction, descriptor: number) {
    this.#word = word
    this.#ppoll = ppoll
    this.wakeDescriptor = descriptor
    this.#polled = Int32Array.of(descriptor, 0)
    this.#events = new Int16Array(this.#polled.buffer)
    this.#events[2] = POLLIN
  }

  sleep(ms: number): void {
    if (Atomics.load(this.#word, 0) !== 0) return
    const seconds = Math.floor(ms / 1000)
    this.#timeout[LOW] = seconds
    this.#timeout[2 + LOW] = (ms - seconds * 1000) * 1e6
    this.#events[3] = 0
    this.#ppoll(this.#polled, 1, this.#timeout, null)
    if (this.#events[3] !== 0) readSync(this.wakeDescriptor, this.#count) // resets the eventfd
  }

  /**
   * Closes the descriptor natively: in a worker thread Node warns when it closes one that it has
   * not opened.
   */
  close(): void {
    lookUpNative('int close(int)')?.(this.wakeDescriptor)
  }
}

/** Index of the low half of a 64-bit word. */
const LOW = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1
