import { checkMatrix } from "../../linalg/checks.ts";
import { convert, type Matrix } from "../../linalg/index.ts";

/**
 * One kernel at n training points and m test points. Predictions need no more of a network: the blocks may be those of an infinitely
 * wide network or the empirical tangent kernel of a finite one. With several outputs the kernel acts on each alike (Θ ⊗ I).
 */
export interface KernelBlocks {
  /** n × n, symmetric positive semidefinite. */
  readonly trainTrain: Matrix;
  /** m × n; without it nothing is said about test points. */
  readonly testTrain?: Matrix | undefined;
  /** m × m; only covariances need it. */
  readonly testTest?: Matrix | undefined;
}

/** Outputs of a network before training at the training points (n × c) and at the test points (m × c). */
export interface InitialOutputs {
  readonly train: Matrix;
  readonly test?: Matrix | undefined;
}

/**
 * Finite blocks of fitting shapes, the square ones symmetric up to the rounding of float32.
 * @throws RangeError naming the call and the block
 */
export function checkBlocks(call: string, name: string, blocks: KernelBlocks): void {
  const { trainTrain, testTrain, testTest } = blocks;
  checkSymmetric(call, `${name}.trainTrain`, trainTrain);
  const n = trainTrain.rows;
  if (n === 0)
    throw new RangeError(`${call}: ${name}.trainTrain is empty, expected at least one training point`);
  if (testTrain !== undefined) {
    checkFinite(call, `${name}.testTrain`, testTrain);
    if (testTrain.cols !== n)
      throw new RangeError(
        `${call}: ${name}.testTrain is ${testTrain.rows} × ${testTrain.cols}, expected ${n} columns, one a training point`,
      );
  }
  if (testTest === undefined) return;
  checkSymmetric(call, `${name}.testTest`, testTest);
  if (testTest.rows !== testTrain?.rows)
    throw new RangeError(
      `${call}: ${name}.testTest is ${testTest.rows} × ${testTest.cols}, but testTrain has ${testTrain?.rows ?? "no"} rows`,
    );
}

/**
 * Blocks of one or two kernels at the same points, and targets that go with them.
 * @returns the kernel that is trained: `ntk`, else `nngp`
 */
export function checkKernels(
  call: string,
  ntk: KernelBlocks | undefined,
  nngp: KernelBlocks | undefined,
  targets: Matrix,
): KernelBlocks {
  const trained = ntk ?? nngp;
  if (trained === undefined)
    throw new RangeError(`${call}: neither ntk nor nngp is given, expected at least one`);
  if (ntk !== undefined) checkBlocks(call, "ntk", ntk);
  if (nngp !== undefined) checkBlocks(call, "nngp", nngp);
  if (ntk !== undefined && nngp !== undefined)
    for (const block of ["trainTrain", "testTrain"] as const) {
      const [a, b] = [ntk[block]?.rows ?? 0, nngp[block]?.rows ?? 0];
      if (a !== b) throw new RangeError(`${call}: ntk.${block} has ${a} rows, nngp.${block} has ${b}`);
    }
  checkTargets(call, targets, trained.trainTrain.rows);
  return trained;
}

/** Finite targets, n × c. */
export function checkTargets(call: string, targets: Matrix, n: number): void {
  checkFinite(call, "targets", targets);
  if (targets.rows !== n || targets.cols === 0)
    throw new RangeError(
      `${call}: targets is ${targets.rows} × ${targets.cols}, expected ${n} rows, one a training point, and at least one column`,
    );
}

/** Initial outputs that go with targets and test points. */
export function checkInitial(
  call: string,
  initial: InitialOutputs,
  targets: Matrix,
  testTrain: Matrix | undefined,
): void {
  const expectShape = (name: string, a: Matrix, rows: number): void => {
    checkFinite(call, name, a);
    if (a.rows !== rows || a.cols !== targets.cols)
      throw new RangeError(`${call}: ${name} is ${a.rows} × ${a.cols}, expected ${rows} × ${targets.cols}`);
  };
  expectShape("initial.train", initial.train, targets.rows);
  if (testTrain === undefined) return;
  if (initial.test === undefined)
    throw new RangeError(
      `${call}: there are test points, so initial.test is needed, ${testTrain.rows} × ${targets.cols}`,
    );
  expectShape("initial.test", initial.test, testTrain.rows);
}

function checkFinite(call: string, name: string, a: Matrix): void {
  checkMatrix(call, name, a);
  const { data } = a;
  for (let at = 0; at < data.length; at++)
    if (!Number.isFinite(data[at]!))
      throw new RangeError(
        `${call}: ${name} is ${data[at]} at row ${Math.floor(at / a.cols)}, column ${at % a.cols}, expected finite numbers`,
      );
}

export function checkSymmetric(call: string, name: string, a: Matrix): void {
  checkFinite(call, name, a);
  const { data, rows: n } = a;
  if (a.cols !== n) throw new RangeError(`${call}: ${name} is ${n} × ${a.cols}, expected a square matrix`);
  let largest = 0;
  for (let i = 0; i < n; i++) {
    const variance = data[i * n + i]!;
    if (variance < 0)
      throw new RangeError(
        `${call}: ${name} is ${variance} at (${i}, ${i}), expected a positive semidefinite matrix`,
      );
    largest = Math.max(largest, variance);
  }
  const tile = 64; // of rows, so that the columns read with them stay in cache
  for (let start = 0; start < n; start += tile)
    for (let j = 0; j < n; j++)
      for (let i = Math.max(start, j + 1); i < Math.min(n, start + tile); i++)
        if (Math.abs(data[i * n + j]! - data[j * n + i]!) > 1e-5 * largest)
          throw new RangeError(
            `${call}: ${name} is ${data[i * n + j]} at (${i}, ${j}) and ${data[j * n + i]} at (${j}, ${i}), expected a symmetric matrix`,
          );
}

/**
 * @param smallest - eigenvalue of the kernel, or a bound from above
 * @throws RangeError when it is further below 0 than rounding to float32 explains
 */
export function checkSmallest(call: string, smallest: number, kernel: Matrix): void {
  const tolerated = 1e-6 * kernel.rows * largestVariance(kernel);
  if (smallest < -tolerated)
    throw new RangeError(
      `${call}: the kernel has the eigenvalue ${smallest}, expected a positive semidefinite one (rounding explains −${tolerated})`,
    );
}

/** The matrix itself where it is float64, else a copy. */
export function float64(a: Matrix): Matrix<Float64Array> {
  return a.data instanceof Float64Array ? (a as Matrix<Float64Array>) : convert(a, "float64");
}

/** The largest diagonal entry. */
function largestVariance({ data, rows: n }: Matrix): number {
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, data[i * n + i]!);
  return largest;
}

/** tr A / n. */
export function meanVariance({ data, rows: n }: Matrix): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += data[i * n + i]!;
  return sum / n;
}
