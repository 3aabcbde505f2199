import type { Analysis, Shape } from '../shape/analysis.js'

/** What a suite expected of a setting, held against what was seen. */
export interface JudgedExpectation {
  /** Of each list one shape has to be seen: a list for each axis that something was expected of. */
  expected: string[][]
  state: 'met' | 'not met' | 'undecided'
}

/** @param analysis undefined when no trial was completed */
export function judgeExpectation(expected: string[][], analysis: Analysis | undefined): JudgedExpectation {
  const undecided = { expected, state: 'undecided' } as const
  if (analysis === undefined) return undecided
  if (risesWhereNoneMay(expected, analysis)) return { ...undecided, state: 'not met' }
  if (analysis.shape === 'inconclusive' && !isEitherWayExpected(expected, analysis)) return undecided
  const seen = shapesSeen(analysis)
  const isMet =
    analysis.shape === 'inconclusive' ||
    expected.every((shapes) => shapes.some((shape) => seen.includes(shape as Shape)))
  return { ...undecided, state: isMet ? 'met' : 'not met' }
}

/** Memory that rises now may yet settle, and may be growth. Where neither is expected nothing is left to wait for. */
function risesWhereNoneMay(expected: string[][], { shape, now, possible }: Analysis): boolean {
  if (shape !== 'inconclusive' || now.trend !== 'rises' || possible.length === 0) return false
  return expected.some((shapes) => !possible.some((one) => shapes.includes(one)))
}

/** Where every shape that is left is expected, it does not matter which one it is. */
function isEitherWayExpected(expected: string[][], analysis: Analysis): boolean {
  const possible = shapesLeft(analysis)
  return possible.length > 0 && expected.every((shapes) => possible.every((shape) => shapes.includes(shape)))
}

/** A slope within the tolerance leaves two; a warm-up that was not watched to its end leaves two others. */
function shapesLeft({ possible, slopeBytesPerRound: slope, toleranceBytes }: Analysis): Shape[] {
  if (possible.length > 0 || slope === null || toleranceBytes === null) return possible
  const isLevel = slope.low > -toleranceBytes && slope.high < toleranceBytes
  return isLevel ? ['stable', 'settling'] : []
}

/**
 * A saw-tooth over a floor that grows is both: an engine that collects by itself puts small teeth on any growth. Growth within what is
 * tolerated is growth, and is tolerated.
 */
function shapesSeen({ shape, floorShape, slow }: Analysis): Shape[] {
  if (slow) return [shape, 'stable', 'settling']
  return floorShape === 'grows' ? [shape, 'grows'] : [shape]
}
