import type { OptionValues, serverOptions } from '../../options.js'
import type { Algorithm } from './algorithm.js'
import { cyclic } from './cyclic.js'
import { fedavg } from './fedavg.js'
import { scaffold } from './scaffold.js'

/** Every algorithm, by the name that --algorithm takes. What their clients do is in `training/digits-trainer.ts`. */
export const algorithms: Record<OptionValues<typeof serverOptions>['algorithm'], Algorithm> = {
  fedavg,
  scaffold,
  cyclic,
}
