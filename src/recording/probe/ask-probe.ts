import { connect } from 'node:net'
import * as v from 'valibot'
import { systemErrorCode } from '../../shared/errors.js'

/** Trimming tens of GiB of small blocks takes seconds. */
const ANSWER_WITHIN_MS = 30_000
/** An abstract name that fills its place: some pad a shorter one and some do not. */
const NAME_LENGTH = 107
const LONGEST_ANSWER = 4096

const bytes = v.pipe(v.number(), v.minValue(0))

/** What the allocator says of itself: sizes of glibc alone; `mappedBytes` are those of blocks with a mapping of their own. */
const answers = {
  facts: v.object({
    allocator: v.string(),
    arenaBytes: v.optional(bytes),
    mappedBytes: v.optional(bytes),
    usedBytes: v.optional(bytes),
    freeBytes: v.optional(bytes),
  }),
  purge: v.object({ allocator: v.string(), purged: v.boolean(), purgeUs: v.number() }),
}

type Question = keyof typeof answers

/** The probe in a process, over its private socket. Undefined where none answers. */
export async function askProbe<Asked extends Question>(
  question: Asked,
  { token, pid }: { token: string; pid: number },
): Promise<v.InferOutput<(typeof answers)[Asked]> | undefined> {
  const text = await exchange(`\0${`tidemark-probe/${token}/${pid}/`.padEnd(NAME_LENGTH, '-')}`, `${question}\n`)
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), answers[question]), text)
  return parsed.success ? (parsed.output as v.InferOutput<(typeof answers)[Asked]>) : undefined
}

/** Everything that comes back until the other side closes; what came until then when it fails or takes too long. */
async function exchange(path: string, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ path })
    socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy())
    socket.on('connect', () => socket.write(question))
    socket.on('data', (chunk) => {
      answer += chunk
      if (answer.length > LONGEST_ANSWER) socket.destroy()
    })
    socket.on('error', (error) => {
      if (systemErrorCode(error) === undefined) reject(error)
    })
    socket.on('close', () => resolve(answer))
  })
}
