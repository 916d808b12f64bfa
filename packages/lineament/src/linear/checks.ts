import { asMatrix, convert, type Matrix, type MatrixLike, precisionOf } from "../linalg/index.ts";

// What the functions of linear/ check at their doors.

export type Doubles = Matrix<Float64Array>;

/**
 * A matrix of finite numbers in double precision.
 * @throws RangeError when it is empty, or an entry is not finite
 */
export function checkMatrix(call: string, name: string, value: MatrixLike): Doubles {
  const a = asMatrix(value, `${call}: ${name}`);
  if (a.rows === 0 || a.cols === 0)
    throw new RangeError(`${call}: ${name} is ${a.rows} × ${a.cols}, expected at least one row and column`);
  if (a.data.length !== a.rows * a.cols)
    throw new RangeError(`${call}: ${name} is ${a.rows} × ${a.cols} with ${a.data.length} numbers`);
  const wrong = a.data.findIndex((entry: number) => !Number.isFinite(entry));
  if (wrong >= 0)
    throw new RangeError(
      `${call}: ${name} is ${a.data[wrong]} in row ${Math.floor(wrong / a.cols)}, column ${wrong % a.cols} (counted from 0), expected finite numbers`,
    );
  return precisionOf(a) === "float64" ? (a as Doubles) : convert(a, "float64");
}

/** @throws RangeError when it has another shape, or as `checkMatrix` */
export function checkShape(
  call: string,
  name: string,
  value: MatrixLike,
  { rows, cols }: { readonly rows: number; readonly cols: number },
): Doubles {
  const a = checkMatrix(call, name, value);
  if (a.rows !== rows || a.cols !== cols)
    throw new RangeError(`${call}: ${name} is ${a.rows} × ${a.cols}, expected ${rows} × ${cols}`);
  return a;
}

/** @throws RangeError naming the first entry that is not finite */
export function checkNumbers(call: string, name: string, values: ArrayLike<number>): Float64Array {
  const numbers = Float64Array.from(values);
  const wrong = numbers.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new RangeError(`${call}: ${name}[${wrong}] is ${numbers[wrong]}, expected a finite number`);
  return numbers;
}

/** @throws RangeError unless it is a whole number ≥ 1 */
export function checkCount(call: string, name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 1))
    throw new RangeError(`${call}: ${name} is ${value}, expected a whole number ≥ 1`);
}

/** @throws RangeError unless it is a finite number > 0 */
export function checkPositive(call: string, name: string, value: number): void {
  if (!(value > 0 && value < Infinity))
    throw new RangeError(`${call}: ${name} is ${value}, expected a finite number > 0`);
}
