import type { TensorSpec, Weights } from './weights.js'

/**
 * Returns views of one part of a set: the tensor `model/W` under the name `W` for the part `model`.
 */
export function partOf({ specs, data }: Weights, part: string): Weights {
  const prefix = `${part}/`
  const places = specs.flatMap(({ name }, index) => (name.startsWith(prefix) ? [index] : []))
  return {
    specs: places.map((index) => ({ ...specs[index]!, name: specs[index]!.name.slice(prefix.length) })),
    data: places.map((index) => data[index]!),
  }
}

/** Joins several sets of tensors; {@link partOf} separates them again. */
export function joinParts(parts: Readonly<Record<string, Weights>>): Weights {
  const all = Object.entries(parts)
  return {
    specs: all.flatMap(([part, { specs }]) => specsOfPart(part, specs)),
    data: all.flatMap(([, { data }]) => data),
  }
}

export function specsOfPart(part: string, specs: readonly TensorSpec[]): TensorSpec[] {
  return specs.map((spec) => ({ ...spec, name: `${part}/${spec.name}` }))
}
