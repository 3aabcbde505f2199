import type { ResultCollector } from '../rounds/result-collector.js'
import type { Verdict } from '../transport/messages.js'

/** Counts for `GET /metrics`. */
export class Metrics {
  sentBytes = 0
  #receivedBytes = 0
  #accepted = 0
  readonly #refused = new Map<string, number>()

  noteResult(verdict: Verdict, bytes: number): void {
    this.#receivedBytes += bytes
    if (verdict.state === 'accepted') this.#accepted++
  }

  refuse(code: string): void {
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1)
  }

  /** Formats the counts as Prometheus text, version 0.0.4. */
  text(now: { round: ResultCollector | undefined; rounds: number; clients: number; connected: number }): string {
    const { round, rounds, clients, connected } = now
    const phase = round === undefined ? 'waiting' : round.settled.aborted ? 'between' : 'collecting'
    const phases = ['waiting', 'collecting', 'between']
    return [
      metric('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', [
        ['', process.memoryUsage.rss()],
      ]),
      metric('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', [
        ['', (process.cpuUsage().user + process.cpuUsage().system) / 1e6],
      ]),
      metric('tidemark_round', 'gauge', 'The round that the server is in, from 1; 0 before the first.', [
        ['', round?.rules.round ?? 0],
      ]),
      metric('tidemark_attempt', 'gauge', 'The attempt at that round, from 0.', [['', round?.rules.attempt ?? 0]]),
      metric('tidemark_rounds', 'gauge', 'Rounds of the job.', [['', rounds]]),
      metric(
        'tidemark_phase',
        'gauge',
        '1 for what the server does now.',
        phases.map((each) => [`{phase="${each}"}`, each === phase ? 1 : 0]),
      ),
      metric('tidemark_clients_joined', 'gauge', 'Clients that have joined the job.', [['', clients]]),
      metric('tidemark_clients_connected', 'gauge', 'Clients that are there.', [['', connected]]),
      metric('tidemark_received_bytes_total', 'counter', 'Bytes of results, of those that were rejected too.', [
        ['', this.#receivedBytes],
      ]),
      metric('tidemark_sent_bytes_total', 'counter', 'Bytes of weights given out.', [['', this.sentBytes]]),
      metric('tidemark_results_accepted_total', 'counter', 'Results that count.', [['', this.#accepted]]),
      metric(
        'tidemark_requests_refused_total',
        'counter',
        'Requests that were refused, by reason.',
        [...this.#refused].map(([code, count]) => [`{reason="${code}"}`, count]),
      ),
    ].join('')
  }
}

function metric(name: string, type: string, help: string, values: [labels: string, value: number][]): string {
  const lines = values.map(([labels, value]) => `${name}${labels} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}
