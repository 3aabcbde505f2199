import type { RoundPattern } from './round-pattern.js'

/**
 * Log lines of each framework, over the versions in use. Tests check them against the logs in
 * test/fixtures/samples and test/fixtures/logs. A start line ends the previous round; the line for
 * the job's end ends the last one.
 */
export const PRESETS: Record<string, RoundPattern> = {
  // `Memory cleanup at round N` is printed before the cleanup, the line of `memory_utils` after its
  // collection; Cyclic prints only the second. Cyclic of 2.3 words its rounds differently. JSON
  // logs have the same texts in quotes.
  nvflare: {
    words: [
      { kind: 'round-start', pattern: /\bRound (\d+) started\.|\bStarting current round=(\d+)\./ },
      { kind: 'round-end', pattern: /\bEnding current round=(\d+)\./ },
      { kind: 'cleanup', pattern: /\b[Mm]emory cleanup at round \d+|\bgc\.collect\(\) freed \d+ unreachable/ },
      { kind: 'finished', pattern: /\bFinished [A-Z]\w*(?: Training)?\.\s*(?:$|")|\bSwarm Learning Done: / },
    ],
    firstNumber: 0,
    stampsCarryOver: true,
    countsOn: false,
  },
  // 1.8 and later print titles; 1.0 to 1.7 number `fit_round`; 0.17 to 0.19 print it without a
  // number.
  flower: {
    words: [
      { kind: 'round-start', pattern: /\[ROUND (\d+)(?:\/\d+)?\]|\bfit_round(?: (\d+))?: strategy sampled/ },
      {
        kind: 'results',
        pattern: /\b(?:aggregate_(?:train|fit):|fit_round(?: \d+)?) [Rr]eceived (\d+) results and (\d+) failures/,
      },
      {
        kind: 'finished',
        pattern: /\bStrategy execution finished in |\bRun finished \d+ round(?:s\b|\(s\))|\bFL finished in /,
      },
    ],
    firstNumber: 1,
    stampsCarryOver: false,
    isPassedOn: true,
    countsOn: false,
  },
  // The log does not announce the first round, only its tasks. Lines are wrapped and coloured and
  // contain links.
  openfl: {
    words: [
      { kind: 'round-start', pattern: /\bStarting round (\d+)\.\.\./ },
      { kind: 'first-round', pattern: /\bSending tasks to collaborator\b/ },
      { kind: 'finished', pattern: /\bExperiment Completed\b/ },
    ],
    firstNumber: 0,
    stampsCarryOver: false,
    countsOn: false,
  },
  fedml: {
    words: [{ kind: 'round-start', pattern: /#+\s*Communication round\s*:\s*(\d+)/ }],
    firstNumber: 0,
    stampsCarryOver: false,
    countsOn: true,
  },
  federatedscope: {
    words: [
      { kind: 'round-start', pattern: /\bStarting (?:a new )?training (?:round )?\(Round #(\d+)\)/ },
      { kind: 'finished', pattern: /\b(?:Training|Final evaluation) is finished!/ },
    ],
    firstNumber: null,
    stampsCarryOver: false,
    countsOn: true,
  },
  // A program repeats its job as often as configured, and counts from 0 each time.
  pfllib: {
    words: [
      { kind: 'round-start', pattern: /-Round number: (\d+)-/ },
      { kind: 'round-end', pattern: /^Best accuracy\b/ },
    ],
    firstNumber: 0,
    stampsCarryOver: false,
    countsOn: true,
  },
}

export const ROUND_PRESETS: readonly string[] = Object.keys(PRESETS)
