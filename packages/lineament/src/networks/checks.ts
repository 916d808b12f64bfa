import { checkMatrix } from "../linalg/checks.ts";
import { convert, type Matrix, precisionOf } from "../linalg/index.ts";
import type { Model } from "./model.ts";

// What every model checks at its door, before any work.

type Sizes = Pick<Model, "inputs" | "outputs" | "parameters">;

/** @throws TypeError when `vector` is no Float64Array, RangeError when it is not as long as θ */
export function checkParameters(
  call: string,
  name: string,
  { parameters }: Sizes,
  vector: Float64Array,
): void {
  if (!(vector instanceof Float64Array)) throw new TypeError(`${call}: ${name} is no Float64Array`);
  if (vector.length !== parameters)
    throw new RangeError(
      `${call}: ${name} has ${vector.length} numbers, the model has ${parameters} parameters`,
    );
}

/**
 * x in double precision.
 * @throws RangeError when it has not as many columns as the model has inputs, or entries that are not finite
 */
export function checkInputs(call: string, { inputs }: Sizes, x: Matrix, name = "x"): Matrix<Float64Array> {
  checkMatrix(call, name, x);
  if (x.cols !== inputs)
    throw new RangeError(`${call}: ${name} has ${x.cols} columns, the model has ${inputs} inputs`);
  const { data } = x;
  for (let at = 0; at < data.length; at++)
    if (!Number.isFinite(data[at]))
      throw new RangeError(
        `${call}: ${name} is ${data[at]} in row ${Math.floor(at / inputs)}, column ${at % inputs} (counted from 0), expected finite numbers`,
      );
  return doubles(x);
}

/**
 * A matrix with one number for each output at each of n rows, in double precision.
 * @throws RangeError when it has another shape
 */
export function checkOutputs(
  call: string,
  name: string,
  { outputs }: Sizes,
  n: number,
  r: Matrix,
): Matrix<Float64Array> {
  checkMatrix(call, name, r);
  if (r.rows !== n || r.cols !== outputs)
    throw new RangeError(`${call}: ${name} is ${r.rows} × ${r.cols}, expected ${n} × ${outputs}`);
  return doubles(r);
}

/** @throws RangeError when it is not a whole number ≥ 0 */
export function checkDegree(degree: number): void {
  if (!(Number.isInteger(degree) && degree >= 0))
    throw new RangeError(`jet: degree is ${degree}, expected a whole number ≥ 0`);
}

function doubles(a: Matrix): Matrix<Float64Array> {
  return precisionOf(a) === "float64" ? (a as Matrix<Float64Array>) : convert(a, "float64");
}
