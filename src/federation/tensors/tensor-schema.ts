import { canonicalEntries, type TensorEntry } from './safetensors/safetensors-header.js'
import { quote, type TensorSpec } from './weights.js'

/**
 * Returns where two lists of tensors differ, as a sentence, or undefined when names, shapes and
 * number types agree; order does not matter. It compares names before shapes, as the rules of a
 * round demand.
 */
export function tensorSchemaDifference(
  found: readonly TensorSpec[],
  expected: readonly TensorSpec[],
): string | undefined {
  return nameDifference(found, expected) ?? shapeDifference(found, expected)
}

/** Does the same for the tensors of a file. */
export function entriesDifference(
  entries: readonly TensorEntry[],
  expected: readonly TensorSpec[],
): string | undefined {
  // Most files are written by this program.
  if (entries === canonicalEntries(expected)) return undefined
  return tensorSchemaDifference(
    entries.map((entry) => entry.spec),
    expected,
  )
}

function nameDifference(found: readonly TensorSpec[], expected: readonly TensorSpec[]): string | undefined {
  const foundNames = new Set(found.map((spec) => spec.name))
  const expectedNames = new Set(expected.map((spec) => spec.name))
  const missing = expected.filter((spec) => !foundNames.has(spec.name))
  if (missing.length > 0) return `${describeNames(missing)} missing`
  const extra = found.filter((spec) => !expectedNames.has(spec.name))
  if (extra.length > 0) return `${describeNames(extra)} not part of the model`
  return undefined
}

function shapeDifference(found: readonly TensorSpec[], expected: readonly TensorSpec[]): string | undefined {
  const byName = new Map(expected.map((spec) => [spec.name, spec]))
  for (const spec of found) {
    const wanted = byName.get(spec.name)!
    if (describeType(spec) !== describeType(wanted))
      return `tensor ${quote(spec.name)} is ${describeType(spec)}, and the model's is ${describeType(wanted)}`
  }
  return undefined
}

function describeType(spec: TensorSpec): string {
  return `${spec.dtype} [${spec.shape.join(', ')}]`
}

function describeNames(specs: readonly TensorSpec[]): string {
  const first = `tensor ${quote(specs[0]!.name)}`
  return specs.length === 1 ? `${first} is` : `${first} and ${specs.length - 1} more are`
}
