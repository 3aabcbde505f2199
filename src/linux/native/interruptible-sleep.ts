import { readSync, writeSync } from 'node:fs'
import { lookUpNative, type NativeFunction } from './native-library.js'

/** A thread's sleep that another thread of the process can end early. */
export interface InterruptibleSleep {
  /** What `ring` needs beside the word, if anything; closed by whoever rings, or by `close` where that is this thread. */
  readonly wakeDescriptor: number | null
  /** Returns after so many ms, or early. Nobody spins. */
  sleep(ms: number): void
  close(): void
}

const EFD_NONBLOCK = 0o4000
const POLLIN = 1
const PR_SET_TIMERSLACK = 29

/**
 * A sleep in ppoll(2), to the nanosecond that is asked for: the kernel may wake a thread 50 us late unless it is told that
 * this one minds. Where koffi is absent, in Atomics.wait, which takes twice the processor time for each sleep.
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

/** What an eventfd takes: a number of 64 bits in the machine's own order. */
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
  /** `struct pollfd`: the descriptor, then two half words, what is asked and what is told. */
  readonly #polled: Int32Array
  readonly #told: Int16Array
  /** `struct timespec`: seconds and nanoseconds of 64 bits each, of which the low halves are enough. */
  readonly #timeout = new Uint32Array(4)
  readonly #count = Buffer.alloc(8)

  constructor(word: Int32Array, ppoll: NativeFunction, descriptor: number) {
    this.#word = word
    this.#ppoll = ppoll
    this.wakeDescriptor = descriptor
    this.#polled = Int32Array.of(descriptor, 0)
    this.#told = new Int16Array(this.#polled.buffer)
    this.#told[2] = POLLIN
  }

  sleep(ms: number): void {
    if (Atomics.load(this.#word, 0) !== 0) return
    const seconds = Math.floor(ms / 1000)
    this.#timeout[LOW] = seconds
    this.#timeout[2 + LOW] = (ms - seconds * 1000) * 1e6
    this.#told[3] = 0
    this.#ppoll(this.#polled, 1, this.#timeout, null)
    if (this.#told[3] !== 0) readSync(this.wakeDescriptor, this.#count) // empties it
  }

  /** Not by Node: in a thread it warns of what it has not opened. */
  close(): void {
    lookUpNative('int close(int)')?.(this.wakeDescriptor)
  }
}

/** Where the low half of a 64-bit word is. */
const LOW = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1
