import { type Analysis, onlyStepsDown, type Shape } from '../shape/analysis.js'

/** The expectation that a suite has of a setting, compared with the result. */
export interface JudgedExpectation {
  /**
   * Lists of accepted shapes, one list for each axis with an expectation; one shape of each has to
   * be seen.
   */
  expected: string[][]
  state: 'met' | 'not met' | 'undecided'
}

/**
 * Compares the expected shapes with the analysis.
 *
 * @param analysis undefined when no trial was completed
 */
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

/**
 * Memory that rises now may settle or may be growth. Where neither is expected, more rounds cannot
 * meet the expectation.
 */
function risesWhereNoneMay(expected: string[][], { shape, now, possible }: Analysis): boolean {
  if (shape !== 'inconclusive' || now.trend !== 'rises' || possible.length === 0) return false
  return expected.some((shapes) => !possible.some((one) => shapes.includes(one)))
}

/** Where every shape that is left is expected, it does not matter which one it is. */
function isEitherWayExpected(expected: string[][], analysis: Analysis): boolean {
  const possible = shapesLeft(analysis)
  return possible.length > 0 && expected.every((shapes) => possible.every((shape) => shapes.includes(shape)))
}

/**
 * Returns the shapes that are still possible. A slope within the tolerance leaves two; a warm-up
 * that was not watched to its end leaves two others.
 */
function shapesLeft({ possible, slopeBytesPerRound: slope, toleranceBytes }: Analysis): Shape[] {
  if (possible.length > 0 || slope === null || toleranceBytes === null) return possible
  const isLevel = slope.low > -toleranceBytes && slope.high < toleranceBytes
  return isLevel ? ['stable', 'settling'] : []
}

/**
 * Returns the shapes that count as seen. A saw-tooth over a growing floor is both: an engine that
 * collects garbage itself puts small teeth on any growth. Growth within the tolerance counts as
 * growth and as tolerated. A level that only stepped down counts as level: a heap that gives back
 * what the first rounds needed is no reason to fail.
 */
function shapesSeen(analysis: Analysis): Shape[] {
  const { shape, floorShape, slow } = analysis
  if (slow) return [shape, 'stable', 'settling']
  if (onlyStepsDown(analysis)) return [shape, 'stable']
  return floorShape === 'grows' ? [shape, 'grows'] : [shape]
}
