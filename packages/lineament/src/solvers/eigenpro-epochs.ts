import { type Matrix, type Precision, zeros } from "../linalg/index.ts";

/** Where a descent is, after an epoch. */
export interface EigenProProgress {
  /** Epochs that are finished. */
  readonly epoch: number;
  /** ‖Y − f‖² / ‖Y‖² over the epoch, every row as it was met. */
  readonly residual: number;
  /** What `validate` said. */
  readonly validation: number | undefined;
}

/** How long a descent goes on. */
export interface EigenProOptions {
  /** Most passes over the rows. Default 10. */
  readonly epochs?: number | undefined;
  /** The mean squared residual over an epoch, relative to that of f = 0, at which it ends. Default 1e-4. */
  readonly tolerance?: number | undefined;
  /** A loss on other rows, smaller is better, asked after every epoch; the best coefficients are returned. */
  readonly validate?: ((coefficients: Matrix<Float64Array>) => number | Promise<number>) | undefined;
  /** Epochs without a better validation loss after which it ends. Default 3. */
  readonly patience?: number | undefined;
  /** s, the rows that the preconditioner is made from. */
  readonly sampleSize?: number | undefined;
  /** q, the eigenfunctions that are damped. */
  readonly level?: number | undefined;
  /** b. Default: the largest that still speeds the descent up, and that memory allows. */
  readonly batch?: number | undefined;
  /** Bytes for kernel blocks. Default 1 GiB. */
  readonly memory?: number | undefined;
  /** Of the kernel blocks. Default float32. */
  readonly precision?: Precision | undefined;
  /** Coefficients to start from. Default 0. */
  readonly start?: Matrix | undefined;
  /** Of the sample and of the order of rows. Default 0. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** When it is aborted no further batch is taken, and the best so far is returned. */
  readonly enough?: AbortSignal | undefined;
  readonly onProgress?: ((progress: EigenProProgress) => void) | undefined;
}

/** Options of which these are settled. */
interface EigenProSettings extends EigenProOptions {
  readonly memory: number;
  readonly precision: Precision;
  readonly seed: number;
}

/** The options, with defaults for what both descents need. */
export function eigenProSettings({
  memory = 2 ** 30,
  precision = "float32",
  seed = 0,
  ...others
}: EigenProOptions): EigenProSettings {
  return { ...others, memory, precision, seed };
}

/** A copy of the coefficients to start from, rows × outputs; 0 where there are none. */
export function startingCoefficients(
  method: string,
  start: Matrix | undefined,
  rows: number,
  outputs: number,
): Matrix<Float64Array> {
  if (start && (start.rows !== rows || start.cols !== outputs))
    throw new RangeError(`${method}: start is ${start.rows} × ${start.cols}, expected ${rows} × ${outputs}`);
  const coefficients = zeros(rows, outputs);
  if (start) coefficients.data.set(start.data);
  return coefficients;
}

/** What a descent found, and how it ended. */
export interface EigenProSolution {
  /** A, one row a center. */
  readonly coefficients: Matrix<Float64Array>;
  /**
   * - converged: the residual fell below the tolerance
   * - validated: the validation loss stopped improving
   * - out-of-epochs: more epochs would go on
   * - interrupted: by `enough`
   */
  readonly outcome: "converged" | "validated" | "out-of-epochs" | "interrupted";
  readonly epochs: number;
  /** Relative squared residual of each epoch that was kept. */
  readonly residuals: readonly number[];
  /** b. */
  readonly batch: number;
  /** q. */
  readonly level: number;
  /** η at the end. */
  readonly rate: number;
  /** How often an epoch raised the residual and was made again with half the rate: usually 0, unless the sample misjudged the rows. */
  readonly halvings: number;
}

/** An epoch whose residual is above this multiple of the best one has diverged. */
const DIVERGED = 1.5;
/** Relative squared residuals below this rise and fall with rounding. */
const ROUNDING = 1e-10;
const MOST_HALVINGS = 30;

/** Squared residuals of an epoch so far: the sum, the targets' own, and whether they already show that it diverges. */
export class EpochResidual {
  #sum = 0;
  #targets = 0;
  readonly #ceiling: number;

  /** @param best - the relative residual of the best epoch so far */
  constructor(best: number) {
    this.#ceiling = 100 * Math.max(1, best);
  }

  /** Adds f − y of a batch. False when the epoch should be given up. */
  add(errors: Matrix, targets: Matrix): boolean {
    let sum = 0;
    for (const value of errors.data) sum += value * value;
    for (const value of targets.data) this.#targets += value * value;
    this.#sum += sum;
    return this.#sum <= this.#ceiling * this.#targets || this.#targets === 0;
  }

  /** ‖Y − f‖² / ‖Y‖². */
  get relative(): number {
    return this.#targets === 0 ? (this.#sum === 0 ? 0 : Infinity) : this.#sum / this.#targets;
  }
}

/**
 * Epoch after epoch. One that raises the residual is undone and made again with half the rate, so that the descent never
 * diverges; the best coefficients by validation, else the last ones, are returned.
 *
 * @param coefficients - changed in place by `epoch`
 * @param epoch - one pass at a rate; its relative residual, or Infinity when it was given up
 */
export async function descend(
  coefficients: Matrix<Float64Array>,
  steps: { readonly batch: number; readonly rate: number; readonly level: number },
  epoch: (rate: number, best: number) => Promise<number>,
  { epochs = 10, tolerance = 1e-4, validate, patience = 3, enough, onProgress, start }: EigenProOptions,
): Promise<EigenProSolution> {
  const residuals: number[] = [];
  let { rate } = steps;
  let halvings = 0;
  // From 0 the first epoch starts at residual 1; other starts are judged from their own first epoch on.
  let best = start ? Infinity : 1;
  let kept = coefficients.data.slice();
  let favorite: { readonly data: Float64Array; readonly loss: number } | undefined;
  let waited = 0;
  let outcome: EigenProSolution["outcome"] = "out-of-epochs";
  while (residuals.length < epochs) {
    if (enough?.aborted) {
      outcome = "interrupted";
      break;
    }
    const residual = await epoch(rate, Math.min(best, 1));
    if (!(residual <= Math.max(DIVERGED * best, ROUNDING))) {
      coefficients.data.set(kept);
      rate /= 2;
      halvings++;
      if (halvings > MOST_HALVINGS) break;
      continue;
    }
    residuals.push(residual);
    best = Math.min(best, residual);
    kept = coefficients.data.slice();
    const validation = await validate?.(coefficients);
    onProgress?.({ epoch: residuals.length, residual, validation });
    if (validation !== undefined) {
      const better = validation < (favorite?.loss ?? Infinity);
      if (better || !favorite) favorite = { data: kept, loss: validation };
      waited = better ? 0 : waited + 1;
      if (waited >= patience) {
        outcome = "validated";
        break;
      }
    }
    if (residual <= tolerance) {
      outcome = "converged";
      break;
    }
  }
  return {
    coefficients: { ...coefficients, data: favorite?.data ?? kept },
    outcome,
    epochs: residuals.length,
    residuals,
    batch: steps.batch,
    level: steps.level,
    rate,
    halvings,
  };
}
