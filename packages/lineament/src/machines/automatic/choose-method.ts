import { nystromCost } from "../costs/nystrom-cost.ts";
import { judgingRows } from "../costs/steps.ts";
import { treeCost } from "../costs/tree-cost.ts";
import { type Cost, type EngineRates, gigabytes, secondsOf } from "../costs/work.ts";
import { type AutomaticFit, refitCost, UPDATES } from "./automatic-cost.ts";
import type { Effort } from "../options.ts";
import { PLANS } from "./plan.ts";

/**
 * How the chosen machines are fitted to all rows. `direct`: kernel matrices of all rows, or of pieces that are averaged. `tree`: machines in
 * the leaves of trees. `nystrom`: one machine on some of the rows, fitted to all in passes.
 */
export type Method = "direct" | "tree" | "nystrom";

/** A method with what it takes. */
export interface MethodCost extends Cost {
  readonly method: Method;
  /** M of a Nyström machine. */
  readonly centers?: number | undefined;
}

/** The method to take, and why. */
export interface MethodChoice extends MethodCost {
  readonly reason: string;
  /** Whether it keeps to the memory and the time that there are. */
  readonly fits: boolean;
  /** All methods that are possible, once each, in the order of preference. */
  readonly considered: readonly MethodCost[];
}

/** What a choice must keep to. */
export interface Limits {
  /** Bytes that the method may take. Default no limit. */
  readonly memory?: number | undefined;
  /** Seconds that it may take. Default no limit. */
  readonly seconds?: number | undefined;
  /** Needed to keep to seconds. */
  readonly rates?: EngineRates | undefined;
  /** The methods to choose among, in the order of preference. Default those that make sense. */
  readonly methods?: readonly Method[] | undefined;
}

/** Ridges that leaves and passes compare. */
const RIDGES = 3;

/** The method for so many rows, where memory and time are no matter. */
export function preferredMethod(rows: number, effort: Effort): "direct" | "tree" {
  return rows <= PLANS[effort].directRows ? "direct" : "tree";
}

/**
 * What each method takes to fit the machines that a search has chosen, in the order of preference; Nyström with fewer and fewer centers.
 *
 * @param methods - default those that make sense for so many rows: leaves and centers are fewer than the rows
 */
export function methodCosts(fit: AutomaticFit, methods: readonly Method[] = sensible(fit)): MethodCost[] {
  const { rows, effort } = fit;
  const { agopRows, tree, refit, centers } = PLANS[effort];
  const parts = fit.centers === undefined ? [1, 1 / 2, 1 / 4, 1 / 8] : [1];
  const validationRows = judgingRows(rows);
  const shared = {
    ...fit,
    rows: rows - validationRows,
    updates: UPDATES,
    ridges: RIDGES,
    agopRows,
    validationRows,
  };
  return methods.flatMap((method): MethodCost[] =>
    method === "nystrom"
      ? parts.map((part) => {
          const own = Math.min(shared.rows, Math.round(part * (fit.centers ?? centers)));
          return {
            method,
            centers: own,
            ...nystromCost({ ...shared, centers: own, metricRows: refit.metricRows }),
          };
        })
      : [{ method, ...(method === "direct" ? refitCost(fit) : treeCost({ ...shared, ...tree })) }],
  );
}

function sensible({ rows, effort }: AutomaticFit): Method[] {
  const { tree, centers } = PLANS[effort];
  const training = rows - judgingRows(rows);
  const others: Method[] = [
    ...(training > tree.capacity ? (["tree"] as const) : []),
    ...(training > centers ? (["nystrom"] as const) : []),
  ];
  return preferredMethod(rows, effort) === "direct" ? ["direct", ...others] : [...others, "direct"];
}

/**
 * Chooses how to fit: kernel matrices of all rows as long as these are no more than a few, then trees, then Nyström; the first one that
 * memory and time allow. Without a limit on seconds the choice depends on the table and the memory alone, never on how
 * fast the machine is. Where none keeps to the time, the fastest of those that fit into memory is taken.
 */
export function chooseMethod(
  fit: AutomaticFit,
  { memory = Infinity, seconds = Infinity, rates, methods }: Limits = {},
): MethodChoice {
  // Fewer centers save time; they are worth less than a smaller effort where memory is short.
  const considered = methodCosts(fit, methods).filter(
    (cost, at, all) => seconds < Infinity || isFirst(cost, at, all),
  );
  const time = ({ work }: Cost): number => (rates ? secondsOf(work, rates) : 0);
  const held = considered.filter(({ bytes }) => bytes <= memory);
  const least = (costs: readonly MethodCost[], by: (cost: MethodCost) => number) =>
    costs.reduce((a, b) => (by(b) < by(a) ? b : a));
  const chosen = held.find((cost) => time(cost) <= seconds);
  const taken = chosen ?? (held.length > 0 ? least(held, time) : least(considered, ({ bytes }) => bytes));
  const before = considered.slice(0, considered.indexOf(taken));
  const passed = before
    .filter((cost, at) => isFirst(cost, at, before) && cost.method !== taken.method)
    .map((cost) => {
      const over =
        cost.bytes > memory
          ? [gigabytes(cost.bytes), gigabytes(memory)]
          : [inTime(time(cost)), inTime(seconds)];
      return `${NAMES[cost.method]} would take ${over[0]} and may take ${over[1]}`;
    });
  const first = methods?.length === 1 ? "no other was asked for" : reasonOfSize(fit, taken.method);
  const slow =
    !chosen && taken.bytes <= memory
      ? ["nothing that fits into memory would be done in time, and this is the fastest"]
      : [];
  return {
    ...taken,
    reason: [...(passed.length > 0 ? passed : [first]), ...slow].join("; "),
    fits: chosen !== undefined,
    considered: considered.filter((cost, at) =>
      cost.method === taken.method ? cost === taken : isFirst(cost, at, considered),
    ),
  };
}

/** Whether no cost before it is of the same method. */
function isFirst({ method }: MethodCost, at: number, costs: readonly MethodCost[]): boolean {
  return costs.findIndex((other) => other.method === method) === at;
}

/** Why the first method in the order of preference comes first. */
function reasonOfSize({ rows, effort }: AutomaticFit, method: Method): string {
  const { directRows, refit } = PLANS[effort];
  const n = rows.toLocaleString("en-US");
  if (method === "direct")
    return rows <= refit.solveRows
      ? `one kernel matrix holds all ${n} rows`
      : `${Math.ceil(rows / refit.solveRows)} kernel matrices hold all ${n} rows, and are averaged`;
  return `${n} rows are more than ${directRows.toLocaleString("en-US")}, up to which kernel matrices of all rows pay`;
}

const inTime = (seconds: number): string => `${Math.ceil(seconds).toLocaleString("en-US")} s`;

const NAMES: Readonly<Record<Method, string>> = {
  direct: "a direct solution",
  tree: "a tree",
  nystrom: "a Nyström machine",
};
