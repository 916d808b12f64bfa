import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { openEngine, type Precision } from "lineament";
import { normals, secondsOf } from "./data.ts";

/** What the machine can do at best. */
export interface Limits {
  /** Flops a second of a matrix product by all threads of the best engine. */
  readonly gemm: Readonly<Record<Precision, number>>;
  /** Bytes a second that all processors together read and write when they copy. */
  readonly bandwidth: number;
}

/** Measures them: the best of a few runs, because these are limits. */
export async function measureLimits(quick: boolean): Promise<Limits & { readonly description: string }> {
  const bandwidth = await copyRate(availableParallelism(), quick ? 300 : 1000);
  const engine = await openEngine();
  const [n, rounds] = quick ? [1500, 5] : [4000, 7];
  const rate = async (precision: Precision): Promise<number> => {
    const [a, b] = [normals(engine, n, n, precision), normals(engine, n, n, precision, 2)];
    const c = engine.allocate(n, n, precision);
    await engine.gemm({ a, b, c });
    let least = Infinity;
    for (let round = 0; round < rounds; round++)
      least = Math.min(least, await secondsOf(() => engine.gemm({ a, b, c })));
    return (2 * n ** 3) / least;
  };
  const gemm = { float32: await rate("float32"), float64: await rate("float64") };
  await engine.close();
  return { gemm, bandwidth, description: engine.description };
}

async function copyRate(threads: number, milliseconds: number): Promise<number> {
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL("memory-copy.ts", import.meta.url)),
  );
  await Promise.all(workers.map((worker) => once(worker, "message")));
  const rates = await Promise.all(
    workers.map(async (worker) => {
      worker.postMessage(milliseconds);
      const [rate] = (await once(worker, "message")) as [number];
      await worker.terminate();
      return rate;
    }),
  );
  return 2 * rates.reduce((sum, rate) => sum + rate, 0);
}
