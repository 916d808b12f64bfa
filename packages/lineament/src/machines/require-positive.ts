import type { Target } from "./learning-problem.ts";

/** @throws RangeError when a number of the target has no logarithm */
export function requirePositive(target: Target): void {
  if (target.task === "classification") return;
  const bad = target.y.data.findIndex((value) => !(value > 0));
  if (bad >= 0)
    throw new RangeError(
      `logarithm: the target is ${target.y.data[bad]} in row ${Math.floor(bad / target.y.cols)} (counted from 0); only positive numbers have one`,
    );
}
