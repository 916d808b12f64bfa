import { checkDenseKernels, checkKernelGradient, checkKernelMatrix, checkKernelProduct } from "../checks.ts";
import type { Engine, FusedKernel, Points } from "../engine.ts";
import { centerOf, isRotationInvariant } from "../formulas.ts";
import type { Matrix } from "../matrix.ts";
import { precisionOf, zeros } from "../matrix.ts";
import type { Job } from "./job.ts";
import type { DirectedSide } from "./dense-kernels.ts";
import type { Side } from "./kernel-passes.ts";
import { loan } from "./memory.ts";
import type { Loan } from "./memory.ts";
import { allocateShared } from "./pool.ts";

/** Runs one job to its end, alone. */
export type RunJob = (job: Job, flops: number, signal: AbortSignal | undefined) => Promise<void>;

/** The kernel passes of an engine over tiles: the wasm engine and the native one have them in common. */
export function fusedPasses(
  run: RunJob,
): Pick<Engine, "kernelMatrix" | "kernelProduct" | "kernelGradient" | "denseKernels"> {
  return {
    async kernelMatrix(call) {
      checkKernelMatrix(call);
      const lent = loan();
      const sides = sidesOf(call.kernel, call.x, call.z, lent);
      const { kernel, tables = [], signal } = call;
      const out = lent.write(call.out);
      await run(
        { kind: "kernel-matrix", kernel, ...sides, tables, out },
        pairs(call.x, call.z ?? call.x),
        signal,
      );
      lent.settle();
    },
    async kernelProduct(call) {
      checkKernelProduct(call);
      const lent = loan();
      const sides = sidesOf(call.kernel, call.x, call.z, lent);
      const { kernel, tables = [], part = "value", selfPairs, signal } = call;
      const [v, out] = [lent.read(call.v), lent.write(call.out)];
      await run(
        { kind: "kernel-product", kernel, ...sides, tables, v, part, selfPairs, out },
        pairs(call.x, call.z) + 2 * v.cols * out.rows * v.rows,
        signal,
      );
      lent.settle();
    },
    async kernelGradient(call) {
      checkKernelGradient(call);
      const lent = loan();
      const sides = sidesOf(call.kernel, call.x, call.z, lent);
      const { kernel, tables = [], selfPairs, signal } = call;
      const [coefficients, out] = [lent.read(call.coefficients), lent.write(call.out)];
      await run(
        { kind: "kernel-gradient", kernel, ...sides, tables, coefficients, selfPairs, out },
        pairs(call.x, call.z) * (1 + coefficients.cols),
        signal,
      );
      lent.settle();
    },
    async denseKernels(call) {
      checkDenseKernels(call);
      const { x, z, scale, layers, signal } = call;
      const lent = loan();
      const side = (rows: Matrix): DirectedSide => ({
        rows: lent.read(rows),
        directions: allocateShared(rows.rows, rows.cols, "float64") as Matrix<Float64Array>,
        variances: allocateShared(rows.rows, 1, "float64") as Matrix<Float64Array>,
      });
      const [nngp, ntk] = [call.nngp, call.ntk].map((out) => out && lent.write(out));
      const derivatives = call.derivatives && {
        of: call.derivatives.of,
        byCovariance: lent.write(call.derivatives.byCovariance),
        byVariance: lent.write(call.derivatives.byVariance),
      };
      await run(
        { kind: "dense-kernels", x: side(x), z: z && side(z), scale, layers, nngp, ntk, derivatives },
        x.rows * (z ?? x).rows * (2 * x.cols + 60 * layers.length),
        signal,
      );
      lent.settle();
    },
  };
}

/** Flops of the pair sums, roughly. */
function pairs({ coordinates }: Points, z: Points): number {
  return coordinates.rows * z.coordinates.rows * (2 * coordinates.cols + 20);
}

function sidesOf(
  kernel: FusedKernel,
  x: Points,
  z: Points | undefined,
  lent: Loan,
): { x: Side; z: Side | undefined; center: Matrix } {
  const reference = (z ?? x).coordinates;
  const precision = precisionOf(reference);
  const origin = centerOf(kernel, reference);
  const center = zeros(1, origin.length, precision);
  center.data.set(origin);
  const side = ({ coordinates, levels }: Points): Side => {
    const { rows, cols } = coordinates;
    const lentCoordinates = lent.read(coordinates);
    const centered = isRotationInvariant(kernel) ? allocateShared(rows, cols, precision) : lentCoordinates;
    return { coordinates: lentCoordinates, levels, centered, norms: allocateShared(rows, 1, precision) };
  };
  const own = side(x);
  const same = z === undefined || (z.coordinates.data === x.coordinates.data && z.levels === x.levels);
  return { x: own, z: z === undefined || same ? undefined : side(z), center };
}
