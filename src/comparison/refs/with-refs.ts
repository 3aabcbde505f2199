import { UsageError } from '../../shared/errors.js'
import { REF_AXIS } from '../../verdict/gate/gate-refs.js'
import type { ComparisonPlan } from '../plan/plan.js'
import { type CheckoutOptions, Checkouts } from './checkouts.js'
import { bringJobFiles, noteOfSuite, refusePathsIntoCheckout } from './job-files.js'
import { type RefsPlan, WORKTREE } from './refs-plan.js'
import { isDirty } from './resolve-refs.js'

/**
 * Adds git refs to a plan as its first axis: every other setting is compared with the first ref.
 *
 * @param source the file that holds the job
 * @throws UsageError when the job does not run from a checkout
 */
export function addRefs(plan: ComparisonPlan, refs: RefsPlan, source: string | undefined): ComparisonPlan {
  if (plan.workload.kind !== 'command')
    throw new UsageError(`--refs: ${plan.name} is a job of Tidemark's own, which is the same at every ref`, {
      fix: "Compare a command of the checkout: --command 'python job.py', or a suite with command('python job.py').",
    })
  if (plan.settings[REF_AXIS] !== undefined)
    throw new UsageError(`--refs: ${plan.name} has an axis "${REF_AXIS}" of its own`, { fix: 'Give it another name.' })
  refusePathsIntoCheckout(refs, plan.workload)
  return {
    ...plan,
    refs: { ...refs, notes: notesOf(refs, source) },
    settings: { [REF_AXIS]: refs.refs.map(({ ref }) => ref), ...plan.settings },
  }
}

/** Returns notes for the reader about the refs of a plan, before anything runs. */
function notesOf(refs: RefsPlan, source: string | undefined): string[] {
  const names = refs.refs.map(({ ref }) => ref)
  const isLeftOut = !names.includes(WORKTREE) && isDirty({ top: refs.repository, folder: refs.folder })
  return [
    ...(isLeftOut
      ? [`The checkout has changes that are not committed, which are in no ref; ${WORKTREE} stands for them.`]
      : []),
    ...refs.refs.flatMap((one) => noteOfSuite(refs, source, one)),
  ]
}

/**
 * Does work while the files of every ref of a plan exist and are built. They are made before and
 * removed afterwards, so that nothing is built during a measurement.
 *
 * @param work gets notes for the reader about the files
 */
export async function withCheckouts<T>(
  { refs, workload }: ComparisonPlan,
  options: CheckoutOptions,
  work: (notes: string[]) => Promise<T>,
): Promise<T> {
  if (refs === undefined || workload.kind !== 'command') return work([])
  const checkouts = new Checkouts(refs, options)
  try {
    const notes = [...refs.notes]
    for (const planned of refs.refs) {
      notes.push(...(await checkouts.prepare(planned)))
      notes.push(...bringJobFiles(refs, workload, planned))
    }
    return await work(notes)
  } finally {
    checkouts.release()
  }
}
