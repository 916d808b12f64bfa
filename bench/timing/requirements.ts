import { million, nystromLabel, treeLabel } from "../long-tables.ts";
import { machineBenchmarks } from "../rfm.ts";
import type { Size } from "./benchmark.ts";
import { type Report, resultAt } from "./report.ts";

/** Something that must be reached, and whether it was; undefined `value` where it was not measured. */
export interface Verdict {
  readonly what: string;
  readonly required: string;
  readonly value: number | undefined;
  readonly unit: "×" | "%" | "s" | "GB" | "R²" | "rows/s";
  readonly reached: boolean | undefined;
}

const published = machineBenchmarks.find(({ id }) => id === "rfm")!.published!.seconds;

/** What the matrix engine and the machines must reach, held against a report. */
export function verdicts(report: Report): readonly Verdict[] {
  const seconds = (benchmark: string, contestant: string, size: string | Size): number | undefined =>
    resultAt(report, benchmark, contestant, size)?.seconds;
  const ratio = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined || b === undefined ? undefined : a / b;
  const rfm = "n=10000 d=100";
  // xRFM itself, where it ran in the same run, else its published time.
  const xrfm = seconds("rfm", "xrfm", rfm) ?? published[rfm];
  const tree = resultAt(report, "long-table", treeLabel, million);
  const tenth = resultAt(report, "long-table", treeLabel, { ...million, n: 100_000 });
  const nystrom = resultAt(report, "long-table", nystromLabel, million);
  const exact = resultAt(report, "rfm", "native", rfm);
  const scheduled = resultAt(report, "rfm", "native, by schedule", rfm);
  const wasm = (benchmark: string, size: string): number | undefined =>
    ratio(seconds(benchmark, "wasm", size), seconds(benchmark, "native", size));
  return [
    atLeast("matrix product, n = 4,000: native against numpy", 0.9, "×", ratio(seconds("gemm", "numpy", "n=4000"), seconds("gemm", "native", "n=4000"))),
    atLeast("matrix product, n = 2,000, one thread: wasm against native", 0.25, "×", ratio(seconds("gemm", "native, one thread", "n=2000"), seconds("gemm", "wasm, one thread", "n=2000"))),
    atLeast("matrix product, n = 2,000, wasm: all threads against one", 1.7, "×", ratio(seconds("gemm", "wasm, one thread", "n=2000"), seconds("gemm", "wasm", "n=2000"))),
    atLeast("Laplace kernel matrix, n = 10,000, d = 100: native against PyTorch", 2, "×", ratio(seconds("gram-laplace", "torch", rfm), seconds("gram-laplace", "native", rfm))),
    atLeast("Cholesky, n = 10,000: share of the gemm rate", 80, "%", percent(resultAt(report, "cholesky", "native", "n=10000")?.gemmShare)),
    atLeast("RFM, 5 metric updates, n = 10,000, d = 100: native against xRFM", 3, "×", ratio(xrfm, exact?.seconds)),
    atLeast("the same by schedule: against xRFM", 10, "×", ratio(xrfm, scheduled?.seconds)),
    atMost("the same by schedule: R² lost", 0.01, "R²", difference(exact?.score, scheduled?.score)),
    atLeast("the same, exact: share of the gemm rate", 60, "%", percent(exact?.gemmShare)),
    atMost("the same: wasm over native", 4, "×", wasm("rfm", rfm)),
    atMost("tree, 1,000,000 × 30", 600, "s", tree?.seconds),
    atMost("the same: memory", 6, "GB", gigabytes(tree?.peakBytes)),
    atLeast("the same: R²", 0.97, "R²", tree?.score),
    atMost("the same: time a row against 100,000 rows", 1.2, "×", ratio(tree?.seconds, tenth && 10 * tenth.seconds)),
    atLeast("the same: predictions", 50_000, "rows/s", tree?.predictionsPerSecond),
    atLeast("predictions of a tree with 128 leaves of 8,000 centers, 1,000,000 × 30", 50_000, "rows/s", ratio(1e6, seconds("predict-tree", "native", { leaves: 128, d: 30, rows: 1_000_000 }))),
    atMost("Nyström with 5,000 centers, 1,000,000 × 30", 600, "s", nystrom?.seconds),
    atMost("the same: memory", 4, "GB", gigabytes(nystrom?.peakBytes)),
    atMost("the same: wasm over native", 4, "×", ratio(seconds("long-table", "Nyström, wasm", million), nystrom?.seconds)),
  ]; // prettier-ignore
}

function atLeast(what: string, bound: number, unit: Verdict["unit"], value: number | undefined): Verdict {
  const reached = value === undefined ? undefined : value >= bound;
  return { what, required: `≥ ${bound.toLocaleString("en-US")}`, value, unit, reached };
}

function atMost(what: string, bound: number, unit: Verdict["unit"], value: number | undefined): Verdict {
  const reached = value === undefined ? undefined : value <= bound;
  return { what, required: `≤ ${bound.toLocaleString("en-US")}`, value, unit, reached };
}

function percent(share: number | undefined): number | undefined {
  return share === undefined ? undefined : 100 * share;
}

function gigabytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / 1e9;
}

function difference(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a - b;
}
