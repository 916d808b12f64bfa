import type {
  CategoricalTable,
  DenseKernelsCall,
  DenseLayer,
  FusedKernel,
  Gemm,
  KernelGradientCall,
  KernelMatrixCall,
  KernelProductCall,
  Points,
  SolveTriangular,
  Syrk,
} from "./engine.ts";
import type { Matrix } from "./matrix.ts";
import { precisionOf } from "./matrix.ts";

// What every engine checks at its door, before any work.

export function checkGemm({ a, b, c, transposeA = false, transposeB = false }: Gemm): {
  m: number;
  n: number;
  k: number;
} {
  checkMatrices("gemm", { a, b, c });
  const [m, k] = transposeA ? [a.cols, a.rows] : [a.rows, a.cols];
  const [kb, n] = transposeB ? [b.cols, b.rows] : [b.rows, b.cols];
  if (kb !== k) throw new RangeError(`gemm: op(a) is ${m} × ${k} and op(b) is ${kb} × ${n}`);
  checkShape("gemm", "c", c, m, n);
  return { m, n, k };
}

export function checkSyrk({ a, c, transpose = false }: Syrk): { n: number; k: number } {
  checkMatrices("syrk", { a, c });
  const [n, k] = transpose ? [a.cols, a.rows] : [a.rows, a.cols];
  checkShape("syrk", "c", c, n, n);
  return { n, k };
}

export function checkSquare(call: string, a: Matrix): number {
  checkMatrices(call, { a });
  if (a.rows !== a.cols)
    throw new RangeError(`${call}: the matrix is ${a.rows} × ${a.cols}, expected a square one`);
  return a.rows;
}

export function checkSolveTriangular({ l, b }: SolveTriangular): void {
  checkMatrices("solveTriangular", { l, b });
  checkSquare("solveTriangular", l);
  if (b.rows !== l.rows) throw new RangeError(`solveTriangular: b has ${b.rows} rows, expected ${l.rows}`);
}

export function checkAny(call: string, a: Matrix): void {
  checkMatrices(call, { a });
}

export function checkKernelMatrix(call: KernelMatrixCall): void {
  const z = call.z ?? call.x;
  checkKernelCall("kernelMatrix", call.kernel, call.x, z, call.tables, call.out);
  checkShape("kernelMatrix", "out", call.out, call.x.coordinates.rows, z.coordinates.rows);
}

export function checkKernelProduct(call: KernelProductCall): void {
  checkKernelCall("kernelProduct", call.kernel, call.x, call.z, call.tables, call.out, { v: call.v });
  const [m, n] = [call.x.coordinates.rows, call.z.coordinates.rows];
  if (call.v.rows !== n) throw new RangeError(`kernelProduct: v has ${call.v.rows} rows, expected ${n}`);
  checkShape("kernelProduct", "out", call.out, m, call.v.cols);
  if (call.part === "slope" && call.kernel.family === "sum-power")
    throw new RangeError(
      "kernelProduct: sum-power has no slope factor common to all coordinates; use kernelGradient",
    );
  checkSelfPairs("kernelProduct", call.selfPairs, m, n);
}

export function checkKernelGradient(call: KernelGradientCall): void {
  checkKernelCall("kernelGradient", call.kernel, call.x, call.z, call.tables, call.out, {
    coefficients: call.coefficients,
  });
  const [m, n, d] = [call.x.coordinates.rows, call.z.coordinates.rows, call.x.coordinates.cols];
  const { rows, cols } = call.coefficients;
  if (rows !== n) throw new RangeError(`kernelGradient: coefficients has ${rows} rows, expected ${n}`);
  checkShape("kernelGradient", "out", call.out, m, cols * d);
  checkSelfPairs("kernelGradient", call.selfPairs, m, n);
}

export function checkDenseKernels(call: DenseKernelsCall): void {
  const { x, z = x, layers, scale, nngp, ntk, derivatives } = call;
  checkMatrices("denseKernels", { x, z });
  if (z.cols !== x.cols) throw new RangeError(`denseKernels: x has ${x.cols} columns, z has ${z.cols}`);
  if (!(scale > 0 && scale < Infinity))
    throw new RangeError(`denseKernels: scale is ${scale}, expected a positive number`);
  layers.forEach(checkDenseLayer);
  const outputs = Object.entries({
    nngp,
    ntk,
    byCovariance: derivatives?.byCovariance,
    byVariance: derivatives?.byVariance,
  }).filter((entry): entry is [string, Matrix] => entry[1] !== undefined);
  if (outputs.length === 0)
    throw new RangeError("denseKernels: nothing is asked for; pass nngp, ntk or derivatives");
  checkMatrices("denseKernels", Object.fromEntries(outputs));
  for (const [name, out] of outputs) checkShape("denseKernels", name, out, x.rows, z.rows);
}

function checkDenseLayer(layer: DenseLayer, index: number): void {
  const { weightVariance, biasVariance, weightRate, biasRate, activation } = layer;
  for (const [name, value] of Object.entries({ weightVariance, biasVariance, weightRate, biasRate }))
    if (!(value >= 0 && value < Infinity))
      throw new RangeError(
        `denseKernels: ${name} of layer ${index} is ${value}, expected a number of at least 0`,
      );
  if (activation === undefined) return;
  for (const [name, value] of Object.entries(activation))
    if (typeof value === "number" && !Number.isFinite(value))
      throw new RangeError(
        `denseKernels: ${name} of the ${activation.form} activation of layer ${index} is ${value}, expected a finite number`,
      );
}

function checkKernelCall(
  name: string,
  kernel: FusedKernel,
  x: Points,
  z: Points,
  tables: readonly CategoricalTable[] = [],
  out: Matrix,
  more: Record<string, Matrix> = {},
): void {
  checkKernel(name, kernel);
  checkMatrices(name, { x: x.coordinates, z: z.coordinates, out, ...more });
  if (x.coordinates.cols !== z.coordinates.cols)
    throw new RangeError(`${name}: x has ${x.coordinates.cols} columns, z has ${z.coordinates.cols}`);
  tables.forEach((table, g) => {
    if (table.values.length !== table.size * table.size)
      throw new RangeError(`${name}: table ${g} has ${table.values.length} values, expected ${table.size}²`);
  });
  checkLevels(name, "x", x, tables);
  if (z !== x) checkLevels(name, "z", z, tables);
}

function checkLevels(call: string, name: string, points: Points, tables: readonly CategoricalTable[]): void {
  const { levels, coordinates } = points;
  const expected = coordinates.rows * tables.length;
  if ((levels?.length ?? 0) !== expected)
    throw new RangeError(
      `${call}: ${name} has ${levels?.length ?? 0} levels, expected ${expected} (rows × tables)`,
    );
  for (let g = 0; g < tables.length; g++) {
    const { size } = tables[g]!;
    for (let i = 0; i < coordinates.rows; i++) {
      const level = levels![i * tables.length + g]!;
      if (level < 0 || level >= size)
        throw new RangeError(
          `${call}: level ${level} of row ${i} of ${name} is not in table ${g} (size ${size})`,
        );
    }
  }
}

function checkKernel(name: string, kernel: FusedKernel): void {
  const positive = (what: string, value: number, most = Infinity): void => {
    if (!(value > 0 && value <= most))
      throw new RangeError(
        `${name}: ${what} of the ${kernel.family} kernel is ${value}, expected 0 < ${what}${most < Infinity ? ` ≤ ${most}` : ""}`,
      );
  };
  positive("bandwidth", kernel.bandwidth);
  if ("exponent" in kernel) positive("exponent", kernel.exponent, 2);
  if (kernel.family === "lpq") positive("p", kernel.p, 2);
  if (kernel.family === "sum-power") positive("power", kernel.power);
}

function checkSelfPairs(call: string, selfPairs: Int32Array | undefined, m: number, n: number): void {
  if (selfPairs === undefined) return;
  if (selfPairs.length !== m)
    throw new RangeError(`${call}: selfPairs has ${selfPairs.length} entries, expected ${m}`);
  for (const [j, i] of selfPairs.entries())
    if (i >= n) throw new RangeError(`${call}: selfPairs[${j}] is ${i}, but z has ${n} rows`);
}

/** Typed arrays of the right length and one precision: the native engine reads memory by these numbers. */
/**
 * @throws TypeError when it is no matrix, RangeError when its sizes are impossible
 */
export function checkMatrix(call: string, name: string, a: Matrix): void {
  const data: unknown = (a as Matrix | undefined)?.data;
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw new TypeError(
      `${call}: ${name} is no matrix, expected { data, rows, cols } with a Float32Array or a Float64Array`,
    );
  const { rows, cols } = a;
  if (
    !(Number.isInteger(rows) && Number.isInteger(cols)) ||
    rows < 0 ||
    cols < 0 ||
    data.length !== rows * cols
  )
    throw new RangeError(`${call}: ${name} is ${rows} × ${cols} with ${data.length} numbers`);
}

function checkMatrices(call: string, matrices: Record<string, Matrix>): void {
  let precision: string | undefined;
  for (const [name, a] of Object.entries(matrices)) {
    checkMatrix(call, name, a);
    const own = precisionOf(a);
    if (precision !== undefined && precision !== own)
      throw new TypeError(`${call}: ${name} is ${own}, but the other matrices are ${precision}`);
    precision = own;
  }
}

function checkShape(call: string, name: string, a: Matrix, rows: number, cols: number): void {
  if (a.rows !== rows || a.cols !== cols)
    throw new RangeError(`${call}: ${name} is ${a.rows} × ${a.cols}, expected ${rows} × ${cols}`);
}

/** @throws RangeError unless `value` is a whole number ≥ `least` */
export function checkCount(call: string, name: string, value: number, least = 1): void {
  if (!Number.isInteger(value) || value < least)
    throw new RangeError(`${call}: ${name} is ${value}, expected a whole number ≥ ${least}`);
}

/** @throws RangeError unless it is one of the choices */
export function checkChoice(call: string, name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value))
    throw new RangeError(
      `${call}: ${name} is ${JSON.stringify(value)}, expected ${choices.map((choice) => JSON.stringify(choice)).join(" or ")}`,
    );
}
