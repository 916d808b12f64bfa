import { convert, type FusedKernel, type Matrix, type Points, precisionOf, zeros } from "../linalg/index.ts";
import { breather } from "../linalg/queue.ts";
import {
  differenceKernel,
  isDifferenceKernel,
  type Kernel,
  type Metric,
  normOrder,
  transform,
} from "../kernels/index.ts";
import type { TransformedExpansion } from "./average-gradient-outer-product.ts";
import type { Member } from "./automatic/refit.ts";
import { expansionShares, type FeatureMachine } from "./feature-machine.ts";
import { pointRange, takePoints } from "./learning-problem.ts";
import {
  type DerivativeUnit,
  inUnit,
  memberViewGradients,
  type OutputStage,
  outputJacobians,
  spreadsOf,
  unscalingDerivatives,
  valueCount,
} from "./prediction-gradients.ts";
import { applyView, pullBack } from "./view.ts";

/**
 * First and second derivatives of a kernel through its sum over coordinates s (‖Δ‖_p^p, or Σ_j exp(−(|Δ_j|/L)^q) for sum-power):
 * ∂_jk = slope(s) d_j, ∂_j∂_kk = curvature(s) d_j d_k for j ≠ k, d_j = |Δ_j|^(p−1) sgn Δ_j (times its exponential for sum-power).
 * For p = 2 also ∂_j²k = curvature(s) Δ_j² + slope(s).
 */
export interface KernelCurvature {
  readonly slope: (s: number) => number;
  readonly curvature: (s: number) => number;
}

/** @param dimensions - the d of sum-power */
export function kernelCurvature(kernel: FusedKernel, dimensions: number): KernelCurvature {
  const L = kernel.bandwidth;
  switch (kernel.family) {
    case "laplace":
      return generalizedLaplace(L, kernel.exponent, 2);
    case "lpq":
      return generalizedLaplace(L, kernel.exponent, kernel.p);
    case "gaussian":
      return {
        slope: (s) => -Math.exp(-s / (2 * L * L)) / (L * L),
        curvature: (s) => Math.exp(-s / (2 * L * L)) / L ** 4,
      };
    case "matern32": {
      const decay = (s: number): number => (3 / (L * L)) * Math.exp(-Math.sqrt(3 * s) / L);
      return { slope: (s) => -decay(s), curvature: (s) => (s === 0 ? 0 : (decay(s) * Math.sqrt(3 / s)) / L) };
    }
    case "matern52": {
      const decay = (s: number): number => (5 / (3 * L * L)) * Math.exp(-Math.sqrt(5 * s) / L);
      return {
        slope: (s) => -decay(s) * (1 + Math.sqrt(5 * s) / L),
        curvature: (s) => (5 / (L * L)) * decay(s),
      };
    }
    case "sum-power": {
      const { exponent: q, constant, power: m } = kernel;
      const weight = (1 - constant) / dimensions;
      const inner = weight * q * L ** -q;
      return {
        slope: (s) => -m * (constant + weight * s) ** (m - 1) * inner,
        curvature: (s) => (m === 1 ? 0 : m * (m - 1) * (constant + weight * s) ** (m - 2) * inner ** 2),
      };
    }
  }
}

/** k = exp(−s^(q/p)/L^q): curvature (q/L^q) s^(q/p − 2) k (p − q + q s^(q/p)/L^q). */
function generalizedLaplace(L: number, q: number, p: number): KernelCurvature {
  const scale = L ** -q;
  return {
    slope: (s) => (s === 0 && q < p ? 0 : -q * scale * s ** (q / p - 1) * Math.exp(-(s ** (q / p)) * scale)),
    curvature(s) {
      if (s === 0 && q < p) return 0;
      const power = s ** (q / p) * scale;
      return q * scale * s ** (q / p - 2) * Math.exp(-power) * (p - q + q * power);
    },
  };
}

/**
 * Whether all of ∂_j∂_kf, j ≠ k, of an expansion in view coordinates are functions that are known here; those of polynomial and network
 * kernels are not. Under a full metric a coordinate-wise kernel with p < 2 has kinks along oblique planes, on which its mixed derivatives have mass.
 */
export function hasMixedDerivatives(kernel: Kernel, metric: Metric): boolean {
  if (!isDifferenceKernel(kernel)) return false;
  return metric.form === "diagonal" || (normOrder(kernel) === 2 && kernel.family !== "sum-power");
}

/**
 * Mixed second derivatives ∂_a∂_bf_l of an expansion at rows of its input coordinates for a, b among `chosen`: rows × c × s × s with zeros where
 * a = b unless p = 2. Where the kernel has no second derivative at distance 0, pairs at negligible distance contribute nothing.
 */
async function expansionMixedDerivatives(
  machine: FeatureMachine,
  expansion: TransformedExpansion,
  seen: Points,
  chosen: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const { metric, tables, centers, coefficients } = expansion;
  const kernel = differenceKernel(expansion.kernel, "mixed derivatives here; see hasMixedDerivatives");
  const precision = precisionOf(coefficients);
  const u = (await transform(machine.engine, seen, metric, precision)).coordinates;
  const w = centers.coordinates;
  const [rows, n, d, c, size] = [u.rows, w.rows, u.cols, coefficients.cols, chosen.length];
  const p = normOrder(kernel);
  const sumPower = kernel.family === "sum-power" ? kernel : undefined;
  const q = sumPower?.exponent ?? p;
  const { slope, curvature } = kernelCurvature(
    kernel,
    tables.reduce((sum, table) => sum + table.dimensions, d),
  );
  const tolerance = 16 * (precision === "float32" ? 2 ** -23 : 2 ** -52);
  const euclidean = p === 2 && !sumPower;
  const singular = (kernel.family === "laplace" || kernel.family === "lpq") && kernel.exponent < 2;
  // Gradients in view coordinates are S Δ for p = 2: differences of transformed rows times the chosen columns of S.
  const [su, sw] =
    metric.form === "full"
      ? await Promise.all([u, w].map((a) => timesColumns(machine, a, metric.root, chosen)))
      : [undefined, undefined];
  const squaredMetric = euclidean && metric.form === "full" ? metricSquares(metric.root, chosen) : undefined;
  const norms = (a: Matrix): Float64Array => {
    const result = new Float64Array(a.rows);
    for (let at = 0; at < a.data.length; at++) result[Math.floor(at / a.cols)]! += a.data[at]! ** 2;
    return result;
  };
  const [nu, nw] = [norms(u), norms(w)];
  const out = new Float64Array(rows * c * size * size);
  const direction = new Float64Array(size);
  const slopes = new Float64Array(c);
  const pause = breather(signal);
  for (let j = 0; j < rows; j++) {
    slopes.fill(0);
    for (let i = 0; i < n; i++) {
      let s = 0;
      if (euclidean) for (let k = 0; k < d; k++) s += (u.data[j * d + k]! - w.data[i * d + k]!) ** 2;
      else if (sumPower)
        for (let k = 0; k < d; k++)
          s += Math.exp(-((Math.abs(u.data[j * d + k]! - w.data[i * d + k]!) / kernel.bandwidth) ** q));
      else if (p === 1) for (let k = 0; k < d; k++) s += Math.abs(u.data[j * d + k]! - w.data[i * d + k]!);
      else for (let k = 0; k < d; k++) s += Math.abs(u.data[j * d + k]! - w.data[i * d + k]!) ** p;
      for (let g = 0; g < tables.length; g++)
        s +=
          tables[g]!.values[
            seen.levels![j * tables.length + g]! * tables[g]!.size + centers.levels![i * tables.length + g]!
          ]!;
      if (singular && s ** (2 / p) <= tolerance * (nu[j]! + nw[i]!)) continue;
      const factor = curvature(s);
      if (euclidean) {
        const phi = slope(s);
        for (let l = 0; l < c; l++) slopes[l]! += phi * coefficients.data[i * c + l]!;
      }
      for (let a = 0; a < size; a++) {
        if (su && sw) direction[a] = su.data[j * size + a]! - sw.data[i * size + a]!;
        else if (metric.form === "diagonal") {
          const k = chosen[a]!;
          const [x, z] = [u.data[j * d + k]!, w.data[i * d + k]!];
          const delta = x - z;
          if (euclidean) direction[a] = metric.scale[k]! * delta;
          else if (delta === 0 || (q < 1 && delta * delta <= tolerance * (x * x + z * z))) direction[a] = 0;
          else
            direction[a] =
              metric.scale[k]! *
              Math.sign(delta) *
              Math.abs(delta) ** (q - 1) *
              (sumPower ? Math.exp(-((Math.abs(delta) / kernel.bandwidth) ** q)) : 1);
        }
      }
      for (let l = 0; l < c; l++) {
        const weight = factor * coefficients.data[i * c + l]!;
        const base = (j * c + l) * size * size;
        for (let a = 1; a < size; a++) {
          const scaled = weight * direction[a]!;
          for (let b = 0; b < a; b++) out[base + a * size + b]! += scaled * direction[b]!;
        }
        if (euclidean)
          for (let a = 0; a < size; a++) out[base + a * size + a]! += weight * direction[a]! ** 2;
      }
    }
    for (let l = 0; l < c; l++) {
      const base = (j * c + l) * size * size;
      if (squaredMetric)
        for (let a = 0; a < size; a++)
          for (let b = 0; b <= a; b++) out[base + a * size + b]! += slopes[l]! * squaredMetric[a * size + b]!;
      else if (euclidean && metric.form === "diagonal")
        chosen.forEach((k, a) => (out[base + a * size + a]! += slopes[l]! * metric.scale[k]! ** 2));
      for (let a = 0; a < size; a++)
        for (let b = a + 1; b < size; b++) out[base + a * size + b] = out[base + b * size + a]!;
    }
    await pause();
  }
  return out;
}

/** A S restricted to some columns of S, in float64. */
async function timesColumns(
  machine: FeatureMachine,
  a: Matrix,
  root: Matrix<Float64Array>,
  chosen: readonly number[],
): Promise<Matrix<Float64Array>> {
  const columns = zeros(root.rows, chosen.length);
  for (let k = 0; k < root.rows; k++)
    chosen.forEach(
      (column, at) => (columns.data[k * chosen.length + at] = root.data[k * root.cols + column]!),
    );
  const c = zeros(a.rows, chosen.length);
  await machine.engine.gemm({ a: convert(a, "float64"), b: columns, c });
  return c;
}

/** S² restricted to some rows and columns. */
function metricSquares(root: Matrix<Float64Array>, chosen: readonly number[]): Float64Array {
  const result = new Float64Array(chosen.length ** 2);
  chosen.forEach((row, a) =>
    chosen.forEach((column, b) => {
      for (let k = 0; k < root.cols; k++)
        result[a * chosen.length + b]! +=
          root.data[row * root.cols + k]! * root.data[k * root.cols + column]!;
    }),
  );
  return result;
}

/** View coordinates made from a chosen input coordinate (by its position in the choice). Target means are made from switches. */
function placesOf(
  member: Member,
  coordinates: readonly number[],
): { readonly place: number; readonly owner: number }[] {
  return member.view.coordinates.flatMap((coordinate, place) => {
    const owner = coordinate.kind === "target-mean" ? -1 : coordinates.indexOf(coordinate.source);
    return owner < 0 ? [] : [{ place, owner }];
  });
}

/**
 * Mixed second derivatives of a member's values (before decoding) with respect to pairs of input coordinates, rows × c × s × s, symmetric;
 * entries of a coordinate with itself mean nothing. The view maps single coordinates, so its own second derivatives do not enter
 * (soft clipping has some, normal scores are piecewise linear; both only touch ∂_j²).
 */
async function memberMixedDerivatives(
  machine: FeatureMachine,
  member: Member,
  x: Points,
  coordinates: readonly number[],
  options: MixedDerivativeOptions,
): Promise<Float64Array> {
  const { unit, smoothing, signal } = options;
  const c = valueCount(member.coding);
  const size = coordinates.length;
  const rows = x.coordinates.rows;
  const spreads = spreadsOf(machine.state);
  const out = new Float64Array(rows * c * size * size);
  const expansions = await machine.memberExpansions(member);
  const places = placesOf(member, coordinates);
  const seen = applyView(member.view, x, machine.state.blockSizes.length);
  const soft = (member.partition?.temperature ?? 0) > 0;
  if (
    smoothing > 0 ||
    soft ||
    expansions.some(({ kernel, metric }) => !hasMixedDerivatives(kernel, metric))
  ) {
    const means = await boxMeans(machine, member, seen, places, size, smoothing || DEFAULT_SMOOTHING, signal);
    if (unit === "spread") return means;
    throw new RangeError(
      "mixedDerivatives: by coordinates there are none for coordinate-wise kernels under a full metric, between leaves, nor with smoothing",
    );
  }
  const ones = { data: new Float64Array(rows).fill(1), rows, cols: 1 };
  const slopes = places.map(({ place, owner }) => {
    if (unit === "spread") return new Float64Array(rows).fill(spreads.views.get(member)![place]!);
    const source = coordinates[owner]!;
    const pulled = pullBack({ ...member.view, coordinates: [member.view.coordinates[place]!] }, x, ones);
    return Float64Array.from({ length: rows }, (_, j) => pulled.data[j * x.coordinates.cols + source]!);
  });
  const width = places.length;
  for (const [leaf, share] of expansionShares(member, seen).entries()) {
    if (share.rows.length === 0) continue;
    const inner = await expansionMixedDerivatives(
      machine,
      expansions[leaf]!,
      takePoints(seen, share.rows, machine.state.blockSizes.length),
      places.map(({ place }) => place),
      signal,
    );
    for (const [at, j] of share.rows.entries())
      for (let l = 0; l < c; l++)
        places.forEach((first, a) =>
          places.forEach((second, b) => {
            out[((j * c + l) * size + first.owner) * size + second.owner]! +=
              share.weights[at]! *
              inner[((at * c + l) * width + a) * width + b]! *
              slopes[a]![j]! *
              slopes[b]![j]!;
          }),
        );
  }
  return out;
}

/**
 * Second differences over boxes of ± h spreads: the means of the mixed derivatives by spread over them, masses on kinks included.
 * The view coordinates of an input coordinate move together.
 */
async function boxMeans(
  machine: FeatureMachine,
  member: Member,
  seen: Points,
  places: readonly { readonly place: number; readonly owner: number }[],
  size: number,
  h: number,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const c = valueCount(member.coding);
  const { rows, cols: d } = seen.coordinates;
  const spreads = spreadsOf(machine.state).views.get(member)!;
  const blocks = machine.state.blockSizes.length;
  const out = new Float64Array(rows * c * size * size);
  const corners = [
    [1, 1],
    [1, -1],
    [-1, 1],
    [-1, -1],
  ] as const;
  const data = new Float64Array(4 * rows * d);
  const levels = seen.levels && new Int32Array(4 * rows * blocks);
  for (let corner = 0; corner < 4; corner++)
    levels?.set(seen.levels!.subarray(0, rows * blocks), corner * rows * blocks);
  const coordinates = { data, rows: 4 * rows, cols: d };
  const points: Points = levels ? { coordinates, levels } : { coordinates };
  const part = rows * c;
  for (let a = 1; a < size; a++)
    for (let b = 0; b < a; b++) {
      corners.forEach(([first, second], corner) => {
        data.set(seen.coordinates.data, corner * rows * d);
        for (const { place, owner } of places) {
          const step = h * spreads[place]! * (owner === a ? first : owner === b ? second : 0);
          if (step !== 0)
            for (let row = corner * rows; row < (corner + 1) * rows; row++) data[row * d + place]! += step;
        }
      });
      const { data: values } = await machine.valuesInView(member, points, signal);
      for (let at = 0; at < part; at++) {
        const mean =
          (values[at]! - values[part + at]! - values[2 * part + at]! + values[3 * part + at]!) / (4 * h * h);
        out[at * size * size + a * size + b]! += mean;
        out[at * size * size + b * size + a]! += mean;
      }
    }
  return out;
}

/** Half the side of the boxes, in spreads, where mixed derivatives are no functions. */
const DEFAULT_SMOOTHING = 0.25;

export interface MixedDerivativeOptions {
  readonly outputs: readonly number[];
  readonly unit: DerivativeUnit;
  /** Half the side, in spreads, of the boxes over which derivatives are averaged; 0: the derivatives themselves where they are functions, else ¼. */
  readonly smoothing: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Mixed second derivatives ∂_j∂_kF_o between chosen input coordinates at the rows of x, rows × outputs × s × s, symmetric; the diagonal means
 * nothing. F is the prediction for regression (through a logarithmic target: T′(v) v_jk + T″(v) v_j v_k), and the class score before
 * calibration for classes (`OutputStage` "score").
 */
export async function mixedDerivatives(
  machine: FeatureMachine,
  x: Points,
  coordinates: readonly number[],
  options: MixedDerivativeOptions,
): Promise<Float64Array> {
  const { state } = machine;
  const { outputs, unit, signal } = options;
  const { rows, cols: d } = x.coordinates;
  const size = coordinates.length;
  const stage: OutputStage = "score";
  const out = new Float64Array(rows * outputs.length * size * size);
  const batch = 50;
  for (let start = 0; start < rows; start += batch) {
    signal?.throwIfAborted();
    const end = Math.min(rows, start + batch);
    const part = pointRange(x, start, end, state.blockSizes.length);
    const values: Matrix<Float64Array>[] = [];
    for (const member of state.members) values.push(await machine.memberValues(member, part, signal));
    const jacobians = outputJacobians(state, values, stage, outputs);
    for (const [m, member] of state.members.entries()) {
      const { coding, recipe } = member;
      const c = valueCount(coding);
      const inner = await memberMixedDerivatives(machine, member, part, coordinates, options);
      const curved =
        coding.task === "regression" && coding.logarithm
          ? {
              coding,
              gradients: inUnit(
                machine,
                member,
                part,
                await memberViewGradients(machine, member, part, signal),
                unit,
              ),
            }
          : undefined;
      for (let j = 0; j < end - start; j++)
        outputs.forEach((output, o) => {
          const to = ((start + j) * outputs.length + o) * size * size;
          for (let l = 0; l < c; l++) {
            const factor = jacobians[m]![(j * outputs.length + o) * c + l]!;
            if (factor !== 0)
              for (let at = 0; at < size * size; at++)
                out[to + at]! += factor * inner[(j * c + l) * size * size + at]!;
          }
          if (!curved) return;
          const second =
            recipe.weight *
            unscalingDerivatives(curved.coding, output, values[m]!.data[j * c + output]!).second;
          const gradient = curved.gradients.data.subarray((j * c + output) * d, (j * c + output + 1) * d);
          coordinates.forEach((i, a) =>
            coordinates.forEach((k, b) => (out[to + a * size + b]! += second * gradient[i]! * gradient[k]!)),
          );
        });
    }
  }
  return out;
}
