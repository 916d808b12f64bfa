import { type Importances, importances } from "../explain/index.ts";
import type { Effort, FeatureMachine, LearningProblem } from "../machines/index.ts";
import { type EarlyEnd, unlessEnough } from "../machines/unless-enough.ts";
import type { Encoder } from "./encoder.ts";
import { explainedColumns } from "./table-model.ts";

/** Beyond this many coordinates importances look at fewer rows, as every redrawn column costs a prediction of them all. */
const BROAD = 150;

/** Refits behind the noise floor and the bands of importances: about a quarter of the time of the fit. */
const IMPORTANCE_REFITS: Readonly<Record<Effort, { readonly refits: number; readonly refitRows: number }>> = {
  quick: { refits: 2, refitRows: 500 },
  default: { refits: 2, refitRows: 600 },
  thorough: { refits: 4, refitRows: 2000 },
};

/** Importances when there is no time: without a noise floor, on fewer rows. */
const QUICK_IMPORTANCES = { refits: 0, rows: 120 };

/** How importances are measured when there is time. */
export function importanceOptions(effort: Effort, { coordinates }: Encoder) {
  return { ...IMPORTANCE_REFITS[effort], ...(coordinates.length > BROAD ? { rows: 120 } : {}) };
}

/** Importances, and whether they had to be measured without time. */
export interface MeasuredImportances {
  readonly measured: Importances;
  readonly cutShort: boolean;
}

/** Measures how much each column of a table matters, or when that is enough quickly. */
export async function measureImportances(
  machine: FeatureMachine,
  problem: LearningProblem,
  encoder: Encoder,
  {
    effort,
    seed,
    signal,
    enough,
    onProgress,
  }: EarlyEnd & {
    readonly effort: Effort;
    readonly seed: number;
    readonly onProgress: (fraction: number, message: string) => void;
  },
): Promise<MeasuredImportances> {
  const message = "measuring how much each column matters";
  onProgress(0, message);
  const shared = { columns: explainedColumns(encoder), seed };
  const whole = await unlessEnough(
    (either) =>
      importances(machine, problem, {
        ...shared,
        signal: either,
        ...importanceOptions(effort, encoder),
        onProgress: ({ done, of }) => onProgress(done / of, message),
      }),
    { signal, enough },
  );
  const measured =
    whole ?? (await importances(machine, problem, { ...shared, signal, ...QUICK_IMPORTANCES }));
  return { measured, cutShort: !whole };
}
