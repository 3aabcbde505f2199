/**
 * Least squares through points that go by, without keeping them: y = intercept + slope x, and how many points there were.
 * Updated means and sums of products instead of sums of squares, which lose their digits on Unix times: Welford (1962),
 * Technometrics 4, 419-420. The same line as `numpy.polyfit(x, y, 1)`.
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

  /** Null with fewer than two different x: there is no line. */
  fit(): { intercept: number; slope: number } | null {
    if (this.#sumXX === 0) return null
    const slope = this.#sumXY / this.#sumXX
    return { intercept: this.#meanY - slope * this.#meanX, slope }
  }
}
