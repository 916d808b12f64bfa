import { convert, type Engine, type Matrix, permutation, random, sample, zeros } from "../linalg/index.ts";
import { factorCenters } from "./center-factor.ts";
import { inPrecision, type KernelFunction } from "./cross-kernel.ts";
import { defaultSample, eigenPro, eigenProjections, largestBatch, type PreparedSample } from "./eigenpro.ts";
import {
  descend,
  type EigenProOptions,
  eigenProSettings,
  type EigenProSolution,
  EpochResidual,
  startingCoefficients,
} from "./eigenpro-epochs.ts";
import { eigenProPreconditioner, eigenProSteps } from "./eigenpro-preconditioner.ts";
import type { NystromProblem } from "./nystrom-ridge.ts";
import { takeChunkRows, takeSourceRows } from "./row-source.ts";

/** Squared residual, relative to h, at which an approximate projection ends. */
const PROJECTION_TOLERANCE = 1e-6;
const PROJECTION_EPOCHS = 2;

/**
 * Kernel regression on any centers by preconditioned stochastic gradient descent with projections (EigenPro 3): with f = k(·, Z) θ a
 * batch B has errors g = K_BZ θ − Y_B, and θ ← θ − (η/b) ϑ with
 *
 *     K_ZZ ϑ = K_ZB g − K_ZS E D Eᵀ K_SB g,
 *
 * the preconditioned gradient projected onto the span of the centers. The projection is solved by Cholesky where 8 M² bytes fit the
 * memory, else by two epochs of EigenPro 2 over the centers. Rows are met in random order within each chunk of the source.
 *
 * @returns θ, M × c
 * @throws RangeError when sizes disagree, or the source has weights (`nystromRidge` takes them)
 * @see Abedsoltan, Belkin and Pandit, arXiv:2302.02605
 */
export async function eigenProOnCenters(
  engine: Engine,
  { source, centers, kernel }: NystromProblem,
  options: EigenProOptions = {},
): Promise<EigenProSolution> {
  const { sampleSize, level, batch, memory, precision, seed, signal, enough } = eigenProSettings(options);
  const n = source.rows;
  const m = centers.coordinates.rows;
  const c = source.outputs;
  if (n < 1 || m < 1)
    throw new RangeError(`eigenProOnCenters: ${n} rows and ${m} centers, expected at least one of each`);
  const theta = startingCoefficients("eigenProOnCenters", options.start, m, c);
  const generator = random(seed);
  const rows = sample(n, sampleSize ?? defaultSample(n), generator);
  const sampled = inPrecision(engine, (await takeSourceRows(source, rows, signal)).x, precision);
  const most = largestBatch(n, m, memory, precision);
  const preconditioner = await eigenProPreconditioner(engine, sampled, kernel, {
    level,
    exponent: 1,
    largestBatch: most,
    signal,
  });
  const { beta, largest, vectors } = preconditioner;
  const full = eigenProSteps(preconditioner, most, batch ?? Math.max(1, Math.floor(beta / largest)));
  // Half the rate of EigenPro 2: projections are not exact.
  const steps = { ...full, rate: full.batch < beta / largest + 1 ? full.rate / 2 : full.rate };
  const z = inPrecision(engine, centers, precision);
  const project = await projection(engine, centers, kernel, options);

  // F = K_ZS E.
  const s = rows.length;
  const between = engine.allocate(m, s, precision);
  await kernel({ x: z, z: sampled, out: between, signal });
  const features = zeros(m, vectors.cols);
  await engine.gemm({ a: convert(between, "float64"), b: vectors, c: features });

  const stored = engine.allocate(m, c, precision);
  const blocks = {
    centers: engine.allocate(steps.batch, m, precision),
    sample: engine.allocate(steps.batch, s, precision),
  };
  const epoch = async (rate: number, best: number): Promise<number> => {
    const residual = new EpochResidual(best);
    for await (const chunk of source.chunks(signal)) {
      if (chunk.weights)
        throw new RangeError("eigenProOnCenters: rows with weights are not supported; use nystromRidge");
      const count = chunk.y.rows;
      const order = permutation(count, generator);
      for (let first = 0; first < count; first += steps.batch) {
        signal?.throwIfAborted();
        if (enough?.aborted) return residual.relative;
        const own = order.subarray(first, Math.min(count, first + steps.batch));
        const { x, y } = takeChunkRows(chunk, own);
        const batchRows = inPrecision(engine, x, precision);
        const k = top(blocks.centers, own.length);
        const onSample = top(blocks.sample, own.length);
        await kernel({ x: batchRows, z, out: k, signal });
        await kernel({ x: batchRows, z: sampled, out: onSample, signal });
        stored.data.set(theta.data);
        const g = engine.allocate(own.length, c, precision);
        await engine.gemm({ a: k, b: stored, c: g });
        for (let at = 0; at < g.data.length; at++) g.data[at]! -= y.data[at]!;
        if (!residual.add(g, y)) return Infinity;
        const right = engine.allocate(m, c, precision);
        await engine.gemm({ a: k, b: g, c: right, transposeA: true });
        const h = convert(right, "float64");
        if (vectors.cols > 0) {
          const inner = await eigenProjections(
            engine,
            preconditioner,
            convert(onSample, "float64"),
            convert(g, "float64"),
          );
          await engine.gemm({ a: features, b: inner, c: h, alpha: -1, beta: 1 });
        }
        const change = await project(h);
        for (let at = 0; at < change.data.length; at++)
          theta.data[at]! -= (rate / steps.batch) * change.data[at]!;
      }
    }
    return residual.relative;
  };
  return await descend(theta, { ...steps, level: vectors.cols }, epoch, options);
}

/** h ↦ K_ZZ⁻¹ h, exactly where memory allows. */
async function projection(
  engine: Engine,
  centers: NystromProblem["centers"],
  kernel: KernelFunction,
  options: EigenProOptions,
): Promise<(h: Matrix<Float64Array>) => Promise<Matrix<Float64Array>>> {
  const { sampleSize, memory, precision, seed, signal } = eigenProSettings(options);
  const m = centers.coordinates.rows;
  const factor =
    8 * m * m <= memory
      ? await factorCenters(engine, centers, kernel, { blocks: precision, signal })
      : undefined;
  if (factor)
    return async (h) => {
      await factor.toWhitened(h);
      await factor.toCoefficients(h);
      return h;
    };
  const rows = sample(m, sampleSize ?? defaultSample(m), random(seed));
  const prepared: PreparedSample = {
    rows,
    preconditioner: await eigenProPreconditioner(
      engine,
      takeChunkRows({ x: centers, y: zeros(m, 0) }, rows).x,
      kernel,
      { largestBatch: largestBatch(m, m, memory, precision), signal },
    ),
  };
  return async (h) => {
    const { coefficients } = await eigenPro(
      engine,
      { x: centers, y: h, kernel, prepared },
      { epochs: PROJECTION_EPOCHS, tolerance: PROJECTION_TOLERANCE, memory, precision, seed, signal },
    );
    return coefficients;
  };
}

/** The first rows of a matrix, as a view. */
function top(a: Matrix, rows: number): Matrix {
  return { data: a.data.subarray(0, rows * a.cols), rows, cols: a.cols };
}
