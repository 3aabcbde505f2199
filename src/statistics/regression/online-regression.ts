/**
 * Least squares through a stream of points, without keeping them: y = intercept + slope x, and the
 * number of points. It updates means and sums of products, because sums of squares lose their
 * digits on Unix times: Welford (1962), Technometrics 4, 419-420. The line equals that of
 * `numpy.polyfit(x, y, 1)`.
 */
export class OnlineRegression {
  #count = 0
  #meanX = 0
  #meanY = 0
  #sumXX = 0
  #sumXY = 0

  add(x: number, y: number): void {
    this.#count++
    const fromMeanX = x - this.#meanX
    this.#meanX += fromMeanX / this.#count
    this.#meanY += (y - this.#meanY) / this.#count
    this.#sumXX += fromMeanX * (x - this.#meanX)
    this.#sumXY += fromMeanX * (y - this.#meanY)
  }

  /** Returns the line; null with fewer than two different x. */
  fit(): { intercept: number; slope: number } | null {
    if (this.#sumXX === 0) return null
    const slope = this.#sumXY / this.#sumXX
    return { intercept: this.#meanY - slope * this.#meanX, slope }
  }
}
