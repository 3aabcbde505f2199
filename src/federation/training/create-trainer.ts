import type { ClientPlace, ClientSide, OwnOptions, Trainer, TrainingSettings } from './trainer.js'
import { echoTrainer, zeroTrainer } from './trainer.js'
/** The trainer of one client. With `echo` neither data nor models are loaded. */
export async function createTrainer(
  settings: TrainingSettings & Partial<OwnOptions>,
  place: ClientPlace,
  side: ClientSide = {},
): Promise<Trainer> {
  if (settings.trainer === 'echo') return side.sendsDifferences ? zeroTrainer : echoTrainer
  const { createDigitsTrainer } = await import('./digits/digits-trainer.js')
  return createDigitsTrainer({ own: {}, ...settings }, place, side)
}
