/**
 * Returns the part of an error rate that one of several looks at growing data may use: an increment
 * of the spending function `(look / looks) ** power`, Kim and DeMets (1987), Biometrika 74,
 * 149–154. Power 3 leaves nearly all of it to the last look, as O'Brien and Fleming (1979) do;
 * power 1 spends it evenly.
 *
 * The parts add up to 1. Each is the weight of a Bonferroni adjustment (a p-value is divided by
 * it). This holds the error over all looks whatever their dependence, and for small samples too, at
 * the cost of a little power.
 *
 * @param look from 1 to `looks`
 */
export function errorSpending(look: number, looks: number, power: number): number {
  return (look / looks) ** power - ((look - 1) / looks) ** power
}
