import { type FitPlan, gigabytes, type Method } from "lineament";
import { formatSeconds } from "../report/numbers.ts";

export const methodNames: Readonly<Record<Method, string>> = {
  direct: "direct solution",
  tree: "tree of feature machines",
  nystrom: "Nyström",
};

export const stageNames: Readonly<Record<FitPlan["stages"][number]["stage"], string>> = {
  reading: "read and encode rows",
  comparing: "compare candidates",
  fitting: "fit on all rows",
  testing: "predict test rows",
  baselines: "fit baselines",
  importances: "measure importances",
};

/** 340 Mflop, 1.2 Tflop. */
export function formatFlops(flops: number): string {
  const units = ["flop", "kflop", "Mflop", "Gflop", "Tflop", "Pflop", "Eflop"];
  const at = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, flops)) / 3)));
  return `${Number((flops / 1000 ** at).toPrecision(2))} ${units[at]!}`;
}

/** Seconds that are known to a factor: 0.4 s, 14 s, 7 min. */
export function aboutSeconds(seconds: number): string {
  return formatSeconds(seconds < 60 ? Number(seconds.toPrecision(2)) : seconds);
}

/** What a fit will do and take, in one line. */
export function planSentence({
  method,
  solveRows,
  pieces,
  reason,
  flops,
  bytes,
  seconds,
  streamed,
}: FitPlan): string {
  const n = solveRows.toLocaleString("en-US");
  const solves =
    method === "tree"
      ? `${pieces} leaves of about ${n} rows`
      : method === "nystrom"
        ? `${n} centers`
        : `${pieces > 1 ? `${pieces} × ` : ""}${n}² (${gigabytes(4 * solveRows * solveRows)})`;
  const disk = streamed === undefined ? "" : ` of memory, ${gigabytes(streamed.disk)} on disk`;
  const time = seconds === undefined ? "" : ` and ${aboutSeconds(seconds)}`;
  return `${methodNames[method]}, ${solves}: ${reason}; ${formatFlops(flops)}, about ${gigabytes(bytes)}${disk}${time} in all`;
}
