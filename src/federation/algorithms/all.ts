import { type AlgorithmFile, isAlgorithmFile, type serverOptions } from '../../options/roles.js'
import type { OptionValues } from '../../options/types/spec.js'
import { TidemarkError, UsageError } from '../../shared/errors.js'
import type { Algorithm } from './algorithm.js'
import { cyclic } from './cyclic.js'
import { fedavg } from './fedavg.js'
import { scaffold } from './scaffold.js'

type Named = OptionValues<typeof serverOptions>['algorithm']

/** The built-in algorithms, by the name that --algorithm takes. */
export const algorithms = { fedavg, scaffold, cyclic } satisfies Record<Exclude<Named, AlgorithmFile>, Algorithm>

const shipped: Readonly<Record<string, Algorithm>> = algorithms

/** Names that an algorithm from a file may not use. */
const TAKEN = [...Object.keys(shipped), 'swarm']

/** Returns the requested algorithm; `load` is called for a file. */
export async function algorithmOf(asked: Named, load: (file: string) => Promise<unknown>): Promise<Algorithm> {
  return isAlgorithmFile(asked) ? assertAlgorithm(await load(asked), asked) : algorithms[asked]
}

/** Returns the algorithm that a server named, to a client that may have its own file. */
export function algorithmNamed(name: string, own: Algorithm | undefined): Algorithm {
  const found = own?.name === name ? own : shipped[name]
  if (found !== undefined) return found
  throw new TidemarkError(
    own === undefined
      ? `the server runs the algorithm "${name}", which does not ship with Tidemark`
      : `the server runs the algorithm "${name}", and the one in this client's --algorithm is "${own.name}"`,
    { fix: 'Give --algorithm the file that the server has, on the machine of this client too.' },
  )
}

/** Checks what a file exports by default. @throws UsageError */
export function assertAlgorithm(exported: unknown, file: string): Algorithm {
  const { name, run } = (exported ?? {}) as Partial<Algorithm>
  if (typeof run !== 'function' || typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name))
    throw new UsageError(`${file} exports no algorithm: it needs a name, and a function run`, {
      fix: "Let it say: export default defineAlgorithm({ name: 'mine', run: fedavg.run }), both from 'tidemark/algorithm'.",
    })
  if (TAKEN.includes(name))
    throw new UsageError(`${file}: an algorithm called "${name}" ships with Tidemark`, { fix: 'Give it another name.' })
  return exported as Algorithm
}

/**
 * Returns a value for each option of the algorithm. @throws UsageError for an option that it does
 * not have
 */
export function ownOptions(
  { name, options = {} }: Algorithm,
  given: Readonly<Record<string, number>>,
): Record<string, number> {
  const unknown = Object.keys(given).filter((option) => !(option in options))
  if (unknown.length === 0) return { ...options, ...given }
  const known = Object.keys(options)
  throw new UsageError(`--algorithm-option: ${name} has no option "${unknown.join('", "')}"`, {
    fix: known.length === 0 ? 'It has none of its own: leave it out.' : `It has ${known.join(', ')}.`,
  })
}
