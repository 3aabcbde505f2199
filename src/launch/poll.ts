const STEP_MS = 20

/**
 * Waits until a condition holds for which there is no event, such as the end of a process that is
 * not our child.
 * @returns false when the deadline came first
 */
export async function pollUntil(holds: () => boolean, deadlineMs: number): Promise<boolean> {
  const deadline = performance.now() + deadlineMs
  while (!holds()) {
    const leftMs = deadline - performance.now()
    if (leftMs <= 0) return false
    await new Promise((resolve) => setTimeout(resolve, Math.min(STEP_MS, leftMs)))
  }
  return true
}
