/** A client that speaks the protocol as a proper one does, but for the rounds in which the test has it do something else. */

import { ClientState } from '../../src/federation/client/client-state.js'
import { type ClientTask, type ResultAnswer, ServerConnection } from '../../src/federation/client/server-connection.js'
import { makeTrainer } from '../../src/federation/process/job-model.js'
import { project } from '../../src/federation/tensors/projection.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import type { Trainer, TrainingResult } from '../../src/federation/training/trainer.js'
import { TOKEN } from './fake-role.js'
import { clientSettings } from './settings.js'

/** What a client can do in a round: with its trained weights, and with a result that it kept from an earlier one. */
export interface Turn {
  trained: TrainingResult
  send(weights: Weights): Promise<ResultAnswer>
  /** Tells the server not to wait for it. */
  giveUp(): Promise<void>
  /** Has the client send this once it knows of the next round; what becomes of it then is among the answers. */
  sendInNextRound(): void
}

export type Conduct = (turn: Turn) => Promise<unknown>

/** What a proper client does; one whose result was answered as bad is not waited for. */
export async function beProper({ trained, send, giveUp }: Turn): Promise<void> {
  if ((await send(trained.weights)).result === 'rejected') await giveUp()
}

/** Runs it until the job is over; returns what the server said of every result. */
export async function runRudeClient(
  url: string,
  name: string,
  conductOf: (round: number) => Conduct,
): Promise<ResultAnswer[]> {
  const signal = new AbortController().signal
  const { tlsCert, tlsKey, tlsCa, ...settings } = clientSettings({ server: url, name, connectDeadlineMs: 500 })
  const tls = { tlsCert, tlsKey, tlsCa }
  const link = new ServerConnection({ ...settings, ...tls, server: url, token: TOKEN, signal, log: () => {} })
  const kept = await ClientState.open(name, undefined)
  const answers: ResultAnswer[] = []
  let trainer: Trainer | undefined
  let stale: (() => Promise<unknown>) | undefined
  try {
    await link.join()
    for (;;) {
      const task = await link.nextTask()
      if (task.head.task === 'wait') continue
      await kept.settle(task.head.confirmed)
      if (task.head.task === 'done') return answers
      if (!('weights' in task)) throw new Error(`the job ended: ${JSON.stringify(task.head)}`)
      await stale?.()
      stale = undefined
      trainer ??= (await makeTrainer(link.settings, task.head.place)) as Trainer
      const turn = await takeTurn(task, { trainer, kept, link })
      const send = async (weights: Weights) => {
        const answer = await turn.send(weights)
        answers.push(answer)
        return answer
      }
      const sendInNextRound = () => {
        stale = () => send(turn.trained.weights)
      }
      await conductOf(task.head.round)({ ...turn, send, sendInNextRound })
    }
  } finally {
    link.close()
  }
}

async function takeTurn(
  { head, weights }: Extract<ClientTask, { weights: Weights }>,
  { trainer, kept, link }: { trainer: Trainer; kept: ClientState; link: ServerConnection },
): Promise<Omit<Turn, 'sendInNextRound'>> {
  const { round, attempt } = head
  const trained = await trainer.train(weights, round, { kept: kept.kept })
  const { numExamples, steps, keep } = trained
  if (keep !== undefined) await kept.setPending({ round, attempt, weights: keep })
  const before = kept.kept === undefined ? { sum: 0, scale: 0 } : project(kept.kept)
  const looks = keep === undefined ? {} : { kept: { before, after: project(keep) } }
  return {
    trained,
    send: (sent) => link.sendResult({ round, attempt, numExamples, steps, ...looks }, sent),
    giveUp: () => link.sendFailure({ round, attempt }, 'it gives up'),
  }
}
