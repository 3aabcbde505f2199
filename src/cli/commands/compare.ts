import { axisOptions, compareOptions, jobOptions, roundOptions, trainingOptions } from '../../options.js'
import type { Command } from '../command.js'

export const command: Command = {
  verb: 'compare',
  summary: 'Compare memory settings over repeated, interleaved trials of one job.',
  description: '',
  arguments: '<job>',
  options: { ...axisOptions, ...compareOptions, ...jobOptions, ...trainingOptions, ...roundOptions },
  examples: ['tidemark compare fedavg'],
  run: () => Promise.reject(new Error('not yet')),
}
