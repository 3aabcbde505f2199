import stringWidth from 'string-width'

/** Labels as a table prints them, with a key for the shortened ones. */
export interface ShortLabels {
  /** Labels in the given order. */
  labels: string[]
  /** Lines of the key: `A = data=/srv/…/site-1`; empty where nothing was shortened. */
  key: string[]
}

/**
 * Shortens labels that are wider than a column: each becomes a letter that a key explains. Text
 * that all share (`data=/a/long/path`) is first removed from the labels and appears in the key
 * once.
 */
export function shortLabels(given: readonly string[], columns: number): ShortLabels {
  const fits = (labels: readonly string[]) => labels.every((label) => stringWidth(label) <= columns)
  if (fits(given)) return { labels: [...given], key: [] }
  const words = given.map((label) => label.split(' '))
  const shared = given.length > 1 ? words[0]!.filter((word) => words.every((one) => one.includes(word))) : []
  const rest = words.map((one) => one.filter((word) => !shared.includes(word)).join(' '))
  const isUsable = shared.length > 0 && rest.every((label) => label !== '') && new Set(rest).size === rest.length
  if (isUsable && fits(rest)) return { labels: rest, key: [`all with ${shared.join(' ')}`] }
  const labels = given.map((_, i) => letterOf(i))
  return { labels, key: given.map((label, i) => `${labels[i]} = ${label}`) }
}

/** Returns A to Z, then A2 to Z2 and so on. */
function letterOf(place: number): string {
  const letter = String.fromCharCode('A'.charCodeAt(0) + (place % 26))
  return place < 26 ? letter : `${letter}${Math.floor(place / 26) + 1}`
}
