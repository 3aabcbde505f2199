/**
 * Named moments at which a test may have this process end as if it had been killed:
 * `TIDEMARK_KILL_AT=mean-written` dies there the first time, `mean-written@3` the third. Unset, as
 * always but in tests, they are nothing.
 */
const [wanted, count = '1'] = (process.env.TIDEMARK_KILL_AT ?? '').split('@')

let passed = 0

export function failpoint(name: string): void {
  if (name === wanted && ++passed === Number(count)) process.kill(process.pid, 'SIGKILL')
}
