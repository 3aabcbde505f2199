import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { mersenne } from 'pure-rand/generator/mersenne'
import { MIB } from '../../src/shared/units.js'

/**
 * What a generated series really is. A random walk and a buffer as large as the largest message so far are none of the shapes, and a slow
 * warm-up settles after the job has ended; these only must not be called growth. Convex and chunked leaks, and leaks of a program that is
 * restarted, are growth.
 */
export type Truth = Shape | 'random walk' | 'slow warm-up' | 'convex' | 'chunked' | 'high-water' | 'restart'
type Shape = 'stable' | 'grows' | 'settling' | 'sawtooth' | 'staircase' | 'spike'

/** New ones come last, so that the seeds of the others stay what they were. */
export const TRUTHS: Truth[] = [
  'stable',
  'random walk',
  'grows',
  'settling',
  'sawtooth',
  'staircase',
  'spike',
  'slow warm-up',
  'convex',
  'chunked',
  'high-water',
  'restart',
]

export interface LabelledSeries {
  truth: Truth
  /** End RSS in bytes, one list a trial. */
  trials: number[][]
  gcRounds: number | undefined
  /** Standard deviation and lag-1 correlation of the noise. */
  sigmaBytes: number
  correlation: number
  levelBytes: number
  rounds: number
  /** Growth a round, zero where there is none. */
  slopeBytes: number
  /** Rounds of warm-up at the start, until less than a fifth of sigma is left of it. */
  warmUpRounds: number
  period: number | undefined
  outliers: number
  /** The first trial without its noise and level. */
  mean: number[]
}

export interface GenerateOptions {
  rounds?: number
  trials?: number
  correlation?: number
  /** Growth a round in sigma. */
  leak?: number
  outlier?: boolean
  /** Level in models; left out: 1 to 6. */
  levelInM?: number
}

/**
 * A labelled series as the project's targets describe them: noise of 1 to 4 % of M with a lag-1 correlation of 0 to 0.6, 12 to 60 rounds,
 * 1 to 5 trials, an outlier of 5 to 10 sigma in one of four. M is 100 MiB; the level is 1 to 6 M.
 */
export function generateSeries(truth: Truth, seed: number, fixed: GenerateOptions = {}): LabelledSeries {
  const draw = drawsOf(seed)
  const m = 100 * MIB
  const sigmaBytes = draw.between(0.01, 0.04) * m
  const correlation = fixed.correlation ?? draw.oneOf([0, 0.3, 0.6])
  const rounds = fixed.rounds ?? draw.integer(12, 60)
  const trialCount = fixed.trials ?? draw.integer(1, 5)
  const levelBytes = (fixed.levelInM ?? draw.between(1, 6)) * m
  const shape = shapeOf(truth, draw, { rounds, sigmaBytes, levelBytes, leak: fixed.leak })
  const hasOutlier = fixed.outlier ?? (truth !== 'spike' && truth !== 'random walk' && draw.between(0, 1) < 0.25)
  const means: number[][] = []
  const trials = Array.from({ length: trialCount }, () => {
    const noise =
      truth === 'random walk'
        ? draw.walk(rounds, sigmaBytes * draw.between(0.3, 1))
        : draw.noise(rounds, sigmaBytes, correlation)
    const mean = noise.map((_, t) => t).map(shape.trial())
    means.push(mean)
    return noise.map((value, t) => Math.max(MIB, levelBytes + value + mean[t]!))
  })
  if (hasOutlier) {
    const trial = trials[draw.integer(0, trialCount - 1)]!
    trial[draw.integer(0, rounds - 1)]! += draw.oneOf([-1, 1]) * draw.between(5, 10) * sigmaBytes
  }
  return {
    truth,
    trials,
    gcRounds: shape.gcRounds,
    sigmaBytes,
    correlation,
    levelBytes,
    rounds,
    slopeBytes: shape.slopeBytes ?? 0,
    warmUpRounds: shape.warmUpRounds ?? 0,
    period: shape.period,
    outliers: hasOutlier ? 1 : 0,
    mean: means[0]!,
  }
}

interface ShapeOfMean {
  /** A new trial's mean, round by round from 0, without its level. */
  trial(): (t: number) => number
  slopeBytes?: number
  warmUpRounds?: number
  period?: number
  gcRounds?: number
}

function shapeOf(
  truth: Truth,
  draw: ReturnType<typeof drawsOf>,
  {
    rounds,
    sigmaBytes,
    levelBytes,
    leak,
  }: { rounds: number; sigmaBytes: number; levelBytes: number; leak: number | undefined },
): ShapeOfMean {
  switch (truth) {
    case 'stable':
    case 'random walk':
      return { trial: () => () => 0, ...(draw.between(0, 1) < 0.3 ? { gcRounds: draw.oneOf([1, 5]) } : {}) }
    case 'grows': {
      // A leak is more than the tolerance of 0.1 % of the level, or it is none.
      const slopeBytes =
        leak === undefined ? Math.max(0.0015 * levelBytes, draw.between(0.1, 1) * sigmaBytes) : leak * sigmaBytes
      const warm = draw.between(0, 1) < 0.3 ? draw.warmUp(rounds / 2, sigmaBytes) : undefined
      return {
        slopeBytes,
        warmUpRounds: warm?.rounds ?? 0,
        trial: () => (t) => slopeBytes * t + (leak === undefined ? (warm?.mean(t) ?? 0) : 0),
      }
    }
    case 'settling': {
      const warm = draw.warmUp(rounds, sigmaBytes)
      return { warmUpRounds: warm.rounds, trial: () => warm.mean }
    }
    case 'slow warm-up': {
      const warm = draw.slowWarmUp(rounds, sigmaBytes, levelBytes)
      return { warmUpRounds: warm.rounds, trial: () => warm.mean }
    }
    case 'convex': {
      const total = Math.max(draw.between(10, 60) * sigmaBytes, 0.05 * levelBytes)
      const power = draw.between(1.6, 4)
      return { slopeBytes: total / rounds, trial: () => (t) => total * (t / (rounds - 1)) ** power }
    }
    case 'chunked': {
      const every = draw.integer(2, Math.max(2, Math.floor(rounds / 6)))
      const chunk = Math.max(draw.between(4, 20) * sigmaBytes, 0.015 * levelBytes)
      return {
        slopeBytes: chunk / every,
        trial: () => {
          const phase = draw.integer(0, every - 1)
          return (t) => chunk * Math.floor((t + phase) / every)
        },
      }
    }
    case 'high-water': {
      const height = Math.min(draw.between(10, 60) * sigmaBytes, 0.5 * levelBytes)
      return {
        trial: () => {
          // The second smallest of four uniform variables: messages of a size that is bounded.
          const sizes = Array.from({ length: rounds }, () => draw.secondOfFour())
          const needed = sizes.map((_, t) => Math.max(...sizes.slice(0, t + 1)))
          return (t) => height * needed[t]!
        },
      }
    }
    case 'restart': {
      const perLife = draw.between(0.3, 1.2) * levelBytes
      const lives = draw.integer(2, Math.max(2, Math.min(4, Math.floor(rounds / 10))))
      return {
        slopeBytes: (perLife * lives) / rounds,
        trial: () => {
          const places = draw.places(lives - 1, rounds, Math.min(5, Math.floor(rounds / 3)))
          return (t) => ((t - (places.findLast((place) => place <= t) ?? 0)) * perLife * lives) / rounds
        },
      }
    }
    case 'sawtooth': {
      const period = draw.integer(2, Math.min(10, Math.floor(rounds / 4)))
      const amplitude = draw.between(3, 10) * sigmaBytes
      const rise = draw.oneOf([1, 0.5, 0.05])
      const isKnown = draw.between(0, 1) < 0.7
      const isGrowing = draw.between(0, 1) < 0.3
      const slopeBytes = isGrowing ? Math.max(0.0015 * levelBytes, draw.between(0.2, 1) * sigmaBytes) : 0
      return {
        period,
        slopeBytes,
        ...(isKnown ? { gcRounds: period } : {}),
        trial: () => (t) => amplitude * (((t + 1) % period) / (period - 1)) ** rise + slopeBytes * t,
      }
    }
    case 'staircase': {
      const count = draw.integer(1, Math.max(1, Math.min(4, Math.floor(rounds / 8))))
      return {
        trial: () => {
          const places = draw.places(count, rounds, 4)
          const sizes = places.map(() => draw.between(4, 20) * sigmaBytes)
          return (t) => places.reduce((sum, place, i) => sum + (t >= place ? sizes[i]! : 0), 0)
        },
      }
    }
    case 'spike':
      return {
        trial: () => {
          const place = draw.integer(0, rounds - 1)
          const height = Math.max(20 * sigmaBytes, draw.between(0.3, 2) * levelBytes)
          return (t) => (t === place ? height : 0)
        },
      }
  }
}

function drawsOf(seed: number) {
  // Its seeding mixes: a generator that is linear in its seed, as xoroshiro is, gives neighbouring seeds series that are no independent draws.
  const generator = mersenne(seed)
  const uniform = () => uniformFloat64(generator)
  const between = (low: number, high: number) => low + (high - low) * uniform()
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return {
    between,
    integer: (low: number, high: number) => uniformInt(generator, low, high),
    oneOf: <T>(items: readonly T[]) => items[uniformInt(generator, 0, items.length - 1)]!,
    secondOfFour: () => Array.from({ length: 4 }, uniform).sort((a, b) => a - b)[1]!,
    /** Stationary noise with this lag-1 correlation. */
    noise(length: number, sigma: number, correlation: number): number[] {
      let before = normal() * sigma
      return Array.from({ length }, (_, t) => {
        if (t > 0) before = correlation * before + Math.sqrt(1 - correlation ** 2) * sigma * normal()
        return before
      })
    },
    walk(length: number, step: number): number[] {
      let at = 0
      return Array.from({ length }, () => {
        at += step * normal()
        return at
      })
    },
    /** 5 to 40 sigma, over by a quarter of the rounds' number in time constants. */
    warmUp(rounds: number, sigma: number) {
      const tau = between(0.5, Math.min(6, rounds / 4))
      const height = between(5, 40) * sigma
      return {
        rounds: Math.ceil(tau * Math.log(height / (0.2 * sigma))),
        mean: (t: number) => -height * Math.exp(-t / tau),
      }
    },
    /** 10 to 60 sigma in all, or most of the level, with a time constant of a third of the job up to the whole job. */
    slowWarmUp(rounds: number, sigma: number, level: number) {
      const tau = rounds * 3 ** between(-1, 0)
      const height = Math.min(between(10, 60) * sigma, 0.8 * level)
      return { rounds, mean: (t: number) => -height * Math.exp(-t / tau) }
    },
    /** Places at least `apart` from each other and from both ends. */
    places(count: number, length: number, apart: number): number[] {
      for (;;) {
        const places = Array.from({ length: count }, () => uniformInt(generator, apart, length - apart)).sort(
          (a, b) => a - b,
        )
        if (places.every((place, i) => i === 0 || place - places[i - 1]! >= apart)) return places
      }
    },
  }
}
