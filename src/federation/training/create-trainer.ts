import type { ClientPlace, ClientSide, OwnOptions, Trainer, TrainingSettings } from './trainer.js'
import { echoTrainer, zeroTrainer } from './trainer.js'
/** Creates the trainer of one client. `echo` loads neither data nor models. */
export async function createTrainer(
  settings: TrainingSettings & Partial<OwnOptions>,
  place: ClientPlace,
  side: ClientSide = {},
): Promise<Trainer> {
  if (settings.trainer === 'echo') return side.sendsDifferences ? zeroTrainer : echoTrainer
  const { createDigitsTrainer } = await import('./digits/digits-trainer.js')
  return createDigitsTrainer({ own: {}, ...settings }, place, side)
}
