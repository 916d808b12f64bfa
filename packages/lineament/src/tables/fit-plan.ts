import { PLANS } from "../machines/automatic/plan.ts";
import { type Effort, machinePrecision, type ResolvedFitOptions } from "../machines/index.ts";
import { InputError } from "./errors.ts";

/** What a fit will take, known before it starts. */
export interface FitPlan {
  readonly rows: number;
  /** Columns of numbers after encoding. */
  readonly coordinates: number;
  readonly effort: Effort;
  /** Rows of the largest kernel matrix that is solved. */
  readonly solveRows: number;
  /** Solves whose results are averaged, because one of all rows would be too large. */
  readonly pieces: number;
  /** Estimated peak memory in bytes, above what the process takes anyway. */
  readonly bytes: number;
  /** Why the plan is smaller than what was asked for. */
  readonly reduced?: string | undefined;
}

/**
 * Plans a fit within a budget of memory. When the effort asked for does not fit, the next smaller one is taken and said so.
 *
 * @param limits.memory - bytes; no limit when absent
 * @param limits.blockSizes - levels of the categories that are not spelled out in coordinates
 * @throws InputError with the numbers when nothing fits
 */
export function planFit(
  rows: number,
  coordinates: number,
  options: ResolvedFitOptions,
  {
    memory = Infinity,
    blockSizes = [],
  }: { readonly memory?: number | undefined; readonly blockSizes?: readonly number[] } = {},
): FitPlan {
  const efforts = ["thorough", "default", "quick"] as const;
  const wanted = planOf(rows, coordinates, blockSizes, options, options.effort);
  const smaller = options.machine ? [] : efforts.slice(efforts.indexOf(options.effort) + 1);
  for (const plan of [
    wanted,
    ...smaller.map((effort) => planOf(rows, coordinates, blockSizes, options, effort)),
  ]) {
    if (plan.bytes > memory) continue;
    if (plan.effort === options.effort) return plan;
    const reduced = `effort ${options.effort} would take about ${gigabytes(wanted.bytes)} of memory and ${gigabytes(memory)} may be used: effort ${plan.effort} (${gigabytes(plan.bytes)}) is taken instead`;
    return { ...plan, reduced };
  }
  const least = smaller.length > 0 ? planOf(rows, coordinates, blockSizes, options, "quick") : wanted;
  throw new InputError(
    `${rows} rows of ${coordinates} numbers need about ${gigabytes(least.bytes)} of memory${options.machine ? ` (a kernel matrix of ${rows} × ${rows})` : " even with effort quick"}, and ${gigabytes(memory)} may be used; fit on fewer rows or allow more memory`,
  );
}

function planOf(
  rows: number,
  coordinates: number,
  blockSizes: readonly number[],
  { machine }: ResolvedFitOptions,
  effort: Effort,
): FitPlan {
  const { refit, search } = PLANS[effort];
  const pieces = machine ? 1 : Math.ceil(rows / refit.solveRows);
  const solveRows = Math.ceil(rows / pieces);
  const entry = machine && machinePrecision(machine) === "float64" ? 8 : 4;
  const heldOut = machine || rows <= refit.heldOutAbove ? 0 : Math.min(2000, 0.2 * rows);
  const kernel = Math.max(solveRows, machine ? 0 : Math.min(rows, search.finalRows)) ** 2 * entry;
  // Two κ × κ tables of each block: its metric and its distances.
  const tables = blockSizes.reduce((sum, size) => sum + 16 * (size + 1) ** 2, 0);
  // The encoded table in both precisions, a view of it, and gradients.
  const bytes = tables + kernel + solveRows * heldOut * entry * 2 + rows * coordinates * 32 + 2 ** 27;
  return { rows, coordinates, effort, solveRows, pieces, bytes };
}

/** 1.2 GB, 350 MB. */
export function gigabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}
