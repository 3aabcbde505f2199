/**
 * `exact`: the kernel's high-water mark, reset at the round's boundary. `sampled`: the highest
 * sample, a lower bound.
 */
export type PeakKind = 'exact' | 'sampled'
