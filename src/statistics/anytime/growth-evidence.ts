import { studentTCdf } from '../distributions/student-t.js'
import { logSumExp } from '../log-sum-exp.js'
import { CORRELATIONS, correlationPrior } from './correlation-prior.js'
import { WhitenedProducts } from './whitened-products.js'

/**
 * Time constants of the warm-ups that the null hypothesis allows for, in rows; null: no warm-up.
 */
export const WARM_UPS: readonly (number | null)[] = [null, 1, 2.5, 5, 10]
/** Scales of the half-normal prior of the slope, in standard deviations of the noise per row. */
const SLOPE_SCALES = [0.02, 0.1, 0.5]
/**
 * Highest correlation at which the standard deviation of the noise is used. Above it there is none,
 * and that of the innovations replaces it.
 */
const LARGEST_STATIONARY = 0.999

/**
 * The claim that evidence is asked for: the slope is above (`1`) or below (`-1`) so many units a
 * row.
 */
export interface SlopeClaim {
  direction: 1 | -1
  than: number
}

const GROWS: SlopeClaim = { direction: 1, than: 0 }

/**
 * Evidence on the slope of a series that may be looked at after every value: an e-process. Under
 * the null hypothesis its expected value is at most 1 at every stopping time, so the chance that it
 * ever reaches 1/alpha is at most alpha (Ville's inequality). It is
 *
 * E_n = min over warm-ups of [ sum over rho of w(rho) L1(rho) ] / [ max over rho of L0(rho) ]
 *
 * with restricted likelihoods L of n values under lag-1 correlated noise: level, height of the
 * warm-up and scale are integrated out under their right-Haar priors, which makes the ratio an
 * e-process for each rho (Pérez-Ortiz, Lardy, de Heide, Grünwald 2024, "E-statistics, group
 * invariance and anytime-valid testing", Ann. Statist. 52, 1410–1432, arXiv:2208.07610). The slope
 * has a half-normal prior in units of the noise, mixed over three scales. Dividing by the largest
 * likelihood over rho, and taking the lowest value over the warm-ups, keep it valid whatever they
 * are (universal inference: Wasserman, Ramdas, Balakrishnan 2020, PNAS 117, 16880–16890). The
 * warm-ups are exponentials with the time constants of {@link WARM_UPS}; slower ones are not
 * covered. A claim with `than` other than 0 is valid for a threshold that was fixed in advance.
 *
 * Adding a value and reading the evidence each take constant time and memory
 * (bench/verdict/live.ts).
 */
export class GrowthEvidence {
  readonly products: WhitenedProducts
  readonly #warmUps: readonly (number | null)[]
  #first = 0

  /** @param warmUps time constants in rows; null: no warm-up */
  constructor(warmUps: readonly (number | null)[] = WARM_UPS) {
    this.#warmUps = warmUps
    this.products = new WhitenedProducts(warmUps.filter((tau) => tau !== null))
  }

  get rows(): number {
    return this.products.rows
  }

  /** The first value. Products are formed of the distances from it. */
  get first(): number {
    return this.#first
  }

  /** Adds the next value of an evenly spaced series. */
  add(value: number): void {
    if (this.rows === 0) this.#first = value
    this.products.add(value - this.#first)
  }

  /**
   * Returns the natural logarithm of the evidence for a claim; -Infinity with too few rows.
   *
   * @param claim default: the slope is above zero
   */
  logE(claim: SlopeClaim = GROWS): number {
    return Math.min(...this.#warmUps.map((tau) => this.#logEOf(tau, claim)))
  }

  #logEOf(tau: number | null, { direction, than }: SlopeClaim): number {
    const fixed = tau === null ? 1 : 2
    if (this.rows <= fixed + 3) return Number.NEGATIVE_INFINITY
    const freedom = this.rows - fixed
    const terms: { logTerm: number; t: number }[] = []
    let highestNull = Number.NEGATIVE_INFINITY
    for (const [i, rho] of CORRELATIONS.entries()) {
      const { sxx, sxy: xy, syy: yy, logDeterminant } = this.products.reduced(rho, tau)
      // Products of the values minus the claimed slope, with the sign reversed where the claim is a
      // slope below it.
      const sxy = direction * (xy - than * sxx)
      const nullSum = Math.max(yy - 2 * than * xy + than * than * sxx, TINY)
      const logNull = 0.5 * Math.log(1 - rho * rho) - 0.5 * logDeterminant - (freedom / 2) * Math.log(nullSum)
      highestNull = Math.max(highestNull, logNull)
      for (const scale of SLOPE_SCALES) {
        const variance = scale * scale * (rho < LARGEST_STATIONARY ? 1 - rho * rho : 1)
        const shrink = variance / (1 + variance * sxx)
        const sum = Math.max(nullSum - sxy * sxy * shrink, TINIEST)
        const logFactor = -0.5 * Math.log1p(variance * sxx) + (freedom / 2) * Math.log(nullSum / sum)
        const t = (sxy * shrink) / Math.sqrt((sum / freedom) * shrink)
        terms.push({ logTerm: logNull + logFactor - LOG_SCALES + LOG_PRIOR[i]!, t })
      }
    }
    const highest = Math.max(...terms.map(({ logTerm }) => logTerm))
    const logSum = logSumExp(
      terms
        .filter(({ logTerm }) => logTerm > highest - NEGLIGIBLE)
        .map(({ logTerm, t }) => logTerm + Math.log(2 * Math.max(studentTCdf(t, freedom), LEAST_TAIL))),
    )
    const result = logSum - highestNull
    return Number.isFinite(result) ? result : Number.NEGATIVE_INFINITY
  }
}

/**
 * Terms whose logarithm is this far below the highest are left out. They matter only where E is
 * below exp(-25) anyway.
 */
const NEGLIGIBLE = 35
/** Keeps logarithms and divisions finite where a series is constant. */
const TINY = 1e-9
const TINIEST = 1e-12
const LEAST_TAIL = 1e-300
const LOG_SCALES = Math.log(SLOPE_SCALES.length)
const LOG_PRIOR = CORRELATIONS.map((rho) => Math.log(correlationPrior(rho)))
