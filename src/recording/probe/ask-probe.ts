import * as v from 'valibot'
import { askSocket } from './ask-socket.js'

/** Trimming tens of GiB of small blocks takes seconds. */
const ANSWER_WITHIN_MS = 30_000

const bytes = v.pipe(v.number(), v.minValue(0))

/**
 * Facts that the allocator reports: glibc alone reports sizes; `mappedBytes` counts blocks with a
 * mapping of their own.
 */
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

/** Asks the probe in a process over its private socket. Returns undefined if none answers. */
export async function askProbe<Asked extends Question>(
  question: Asked,
  { token, pid }: { token: string; pid: number },
): Promise<v.InferOutput<(typeof answers)[Asked]> | undefined> {
  const text = await askSocket(`tidemark-probe/${token}/${pid}/`, `${question}\n`, ANSWER_WITHIN_MS)
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), answers[question]), text)
  return parsed.success ? (parsed.output as v.InferOutput<(typeof answers)[Asked]>) : undefined
}
