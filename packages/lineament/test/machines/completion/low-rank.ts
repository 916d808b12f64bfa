import { random } from "lineament";

/** Some entries of a low-rank matrix with noise, and all the others without. */
export interface LowRankProblem {
  readonly known: Entries;
  readonly hidden: Entries;
}

interface Entries {
  readonly rows: number;
  readonly cols: number;
  readonly row: number[];
  readonly column: number[];
  readonly values: number[];
}

/** L Rᵀ of standard normal factors; each entry is known with probability `share`. */
export function lowRank({
  rows = 60,
  cols = 50,
  rank = 3,
  share = 0.3,
  noise = 0,
  seed = 0,
}: Partial<Record<"rows" | "cols" | "rank" | "share" | "noise" | "seed", number>>): LowRankProblem {
  const generator = random(seed);
  const factor = (n: number): number[][] =>
    Array.from({ length: n }, () => Array.from({ length: rank }, () => generator.normal()));
  const [left, right] = [factor(rows), factor(cols)];
  const empty = (): Entries => ({ rows, cols, row: [], column: [], values: [] });
  const [known, hidden] = [empty(), empty()];
  left.forEach((a, i) =>
    right.forEach((b, j) => {
      const value = a.reduce((sum, entry, r) => sum + entry * b[r]!, 0);
      const here = generator.uniform() < share;
      const entries = here ? known : hidden;
      entries.row.push(i);
      entries.column.push(j);
      entries.values.push(here ? value + noise * generator.normal() : value);
    }),
  );
  return { known, hidden };
}
