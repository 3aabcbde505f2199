import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { messageOf, UsageError } from '../../../shared/errors.js'
import type { Examples } from '../examples.js'
import { createRandom, shuffledIndices } from '../random.js'
import { DARKEST_PIXEL, DIGIT_CLASSES, DIGIT_PIXELS } from './digits-shape.js'

const SHIPPED_FILE = fileURLToPath(new URL('../../../../data/digits.csv.gz', import.meta.url))

/** Of 1,797 images, 1,400 are dealt to the clients and 397 are held out. */
const DEALT = 1400
const IMAGES = 1797

/** All images, one byte a pixel, in the order of the file. */
export interface Digits {
  readonly count: number
  readonly pixels: Uint8Array
  readonly labels: Uint8Array
}

/**
 * Reads the images that ship with Tidemark, or another file like it. Throws UsageError that names
 * the line.
 */
export function readDigits(file = SHIPPED_FILE): Digits {
  const lines = readLines(file)
  if (lines.length !== IMAGES) throw fault(file, `${lines.length} lines were found, and ${IMAGES} were expected`)
  const pixels = new Uint8Array(IMAGES * DIGIT_PIXELS)
  const labels = new Uint8Array(IMAGES)
  lines.forEach((line, index) => {
    const values = parseImage(line, `${file} line ${index + 1}`)
    pixels.set(values.slice(0, DIGIT_PIXELS), index * DIGIT_PIXELS)
    labels[index] = values[DIGIT_PIXELS]!
  })
  return { count: IMAGES, pixels, labels }
}

/**
 * Returns the indices of the dealt and of the held-out images. They are the same for every job,
 * whatever its seed, so that accuracies can be compared.
 */
export function splitDigits(): { dealt: number[]; heldOut: number[] } {
  const order = shuffledIndices(IMAGES, createRandom(0, 'held-out'))
  return { dealt: order.slice(0, DEALT), heldOut: order.slice(DEALT) }
}

/** Returns the images of these indices as examples, pixels scaled to 0 to 1. */
export function examplesOf(digits: Digits, indices: readonly number[]): Examples {
  const features = new Float32Array(indices.length * DIGIT_PIXELS)
  indices.forEach((image, index) => {
    const from = image * DIGIT_PIXELS
    for (let i = 0; i < DIGIT_PIXELS; i++) features[index * DIGIT_PIXELS + i] = digits.pixels[from + i]! / DARKEST_PIXEL
  })
  return {
    count: indices.length,
    features,
    targets: Float32Array.from(indices, (image) => digits.labels[image]!),
  }
}

function readLines(file: string): string[] {
  try {
    return gunzipSync(readFileSync(file)).toString('latin1').replace(/\n$/, '').split(/\r?\n/)
  } catch (error) {
    throw new UsageError(`the digits could not be read from ${file}: ${messageOf(error)}`, {
      fix: 'The file ships with Tidemark; restore it, or install Tidemark again.',
      cause: error,
    })
  }
}

function parseImage(line: string, where: string): number[] {
  const wanted = `${DIGIT_PIXELS} pixels from 0 to ${DARKEST_PIXEL}, then a digit from 0 to ${DIGIT_CLASSES - 1}`
  const texts = line.split(',')
  if (texts.length !== DIGIT_PIXELS + 1)
    throw fault(where, `${texts.length} values were found, and ${DIGIT_PIXELS + 1} were expected: ${wanted}`)
  return texts.map((text, index) => {
    const max = index < DIGIT_PIXELS ? DARKEST_PIXEL : DIGIT_CLASSES - 1
    if (!/^\d{1,2}$/.test(text) || Number(text) > max)
      throw fault(where, `value ${index + 1} is ${JSON.stringify(text)}, and these were expected: ${wanted}`)
    return Number(text)
  })
}

function fault(where: string, found: string): UsageError {
  return new UsageError(`${where}: ${found}`, {
    fix: 'The file ships with Tidemark; restore it, or install Tidemark again.',
  })
}
