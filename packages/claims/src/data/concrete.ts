import { zeros } from "lineament";
import type { Regression } from "./regression.ts";

/** A real table for regression, divided as it is for everybody who uses it. */
export interface RegressionTable {
  /** Names of the columns of x. */
  readonly columns: readonly string[];
  readonly train: Regression;
  readonly test: Regression;
}

const columns = ["cement", "slag", "fly ash", "water", "plasticizer", "coarse", "fine", "age"];

/**
 * The compressive strength of concrete (MPa) from what is in it (kg/m³) and its age (days): 754 rows for training and 276 for tests; several
 * share a mixture. Source and license stand where they are kept.
 */
export async function concrete(): Promise<RegressionTable> {
  const { concreteRows } = await import("./concrete-rows.ts");
  return { columns, train: read(concreteRows.train), test: read(concreteRows.test) };
}

function read(text: string): Regression {
  const rows = text
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number));
  const [x, y] = [zeros(rows.length, columns.length), zeros(rows.length, 1)];
  rows.forEach((row, i) => {
    x.data.set(row.slice(0, -1), i * columns.length);
    y.data[i] = row.at(-1)!;
  });
  return { x, y };
}
