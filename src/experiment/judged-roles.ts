/** `server+superlink` judges the sum of both. */
export function judgedRoles(judge: string): string[] {
  return judge.split('+')
}
