import { type Engine, type Matrix, random } from "../../linalg/index.ts";
import type { EngineRates } from "./work.ts";

export interface RateOptions {
  /** Seconds since any moment. Default wall time. */
  readonly clock?: (() => number) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Repetitions of one measurement: at least two, then as many as there is time for. The fastest one counts, as others only disturb. */
const REPETITIONS = { least: 2, most: 10, seconds: 0.12 };
/** Rows of the measured matrices. Larger ones are left out once a repetition takes a twentieth of a second. */
const SIZES = [256, 512, 1024] as const;
const LONG = 0.05;
const COORDINATES = 8;

/** Measures an engine in about half a second: what `secondsOf` needs to turn work into time. */
export async function measureRates(
  engine: Engine,
  { clock = () => performance.now() / 1000, signal }: RateOptions = {},
): Promise<EngineRates> {
  const generator = random(0);
  const uniform = (rows: number, cols: number): Matrix => {
    const a = engine.allocate(rows, cols, "float32");
    for (let at = 0; at < a.data.length; at++) a.data[at] = generator.uniform() - 0.5;
    return a;
  };
  const fastest = async (work: () => Promise<void>): Promise<number> => {
    // The first call may start threads.
    await work();
    const started = clock();
    let least = Infinity;
    for (let run = 0; run < REPETITIONS.most; run++) {
      signal?.throwIfAborted();
      const before = clock();
      if (run >= REPETITIONS.least && before - started > REPETITIONS.seconds) break;
      await work();
      least = Math.min(least, clock() - before);
    }
    return least;
  };
  /** Units a second of work on matrices of n rows, the largest of some n. */
  const rateOf = async (units: (n: number) => number, prepare: (n: number) => () => Promise<void>) => {
    let rate = 0;
    for (const n of SIZES) {
      const seconds = await fastest(prepare(n));
      rate = Math.max(rate, units(n) / Math.max(seconds, 1e-9));
      if (seconds > LONG) break;
    }
    return rate;
  };

  const flops = await rateOf(
    (n) => 2 * n ** 3,
    (n) => {
      const [a, b, c] = [uniform(n, n), uniform(n, n), engine.allocate(n, n, "float32")];
      return () => engine.gemm({ a, b, c });
    },
  );
  const kernel = { family: "laplace", bandwidth: 1, exponent: 1 } as const;
  const values = await rateOf(
    (n) => n * n,
    (n) => {
      const [x, out] = [{ coordinates: uniform(n, COORDINATES) }, engine.allocate(n, n, "float32")];
      return () => engine.kernelMatrix({ kernel, x, out });
    },
  );
  const bandwidth = await rateOf(
    (n) => 12 * n * n,
    (n) => {
      const [a, b] = [uniform(n, n).data, uniform(n, n).data];
      return () => {
        for (let at = 0; at < a.length; at++) a[at]! += b[at]!;
        return Promise.resolve();
      };
    },
  );
  return { flops, values, bandwidth };
}
