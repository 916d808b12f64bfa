import type { Engine } from "../linalg/index.ts";
import type { Workspace } from "../networks/index.ts";
import type { Doubles } from "./checks.ts";
import type { Parameterization } from "./parameterization.ts";
import { multiply } from "./product.ts";

/**
 * T = Σ_r w_r¹ ⊗ ⋯ ⊗ w_r^N as the matrix d_1 × (d_2 ⋯ d_N), from one matrix R × d_k a mode. Three matrix products of the size
 * of T; everything else is smaller by the factor d_1.
 */
export function tensorComponents(engine: Engine): Parameterization {
  return async (factors, room) => {
    const [first, ...others] = factors as [Doubles, ...Doubles[]];
    const rest = rowProducts(others, room);
    const value = room.take(first.cols, rest.cols);
    await multiply(engine, { a: first, b: rest, c: value, transposeA: true });
    return {
      value,
      async pull(gradient) {
        const ofFirst = room.take(first.rows, first.cols);
        await multiply(engine, { a: rest, b: gradient, c: ofFirst, transposeB: true });
        const contracted = room.take(first.rows, rest.cols);
        await multiply(engine, { a: first, b: gradient, c: contracted });
        return [ofFirst, ...contractions(contracted, others, room)];
      },
    };
  };
}

/** Row r: the outer product of the rows r of all factors, flattened, last mode fastest. */
function rowProducts(factors: readonly Doubles[], room: Workspace): Doubles {
  let all = factors[0]!;
  for (const next of factors.slice(1)) {
    const longer = room.take(all.rows, all.cols * next.cols);
    for (let r = 0; r < all.rows; r++)
      for (let i = 0; i < all.cols; i++) {
        const value = all.data[r * all.cols + i]!;
        const start = (r * all.cols + i) * next.cols;
        for (let j = 0; j < next.cols; j++) longer.data[start + j] = value * next.data[r * next.cols + j]!;
      }
    all = longer;
  }
  return all;
}

/**
 * For each mode, row r of `tensors` (of the shape of all modes) contracted with the rows r of all other factors. Modes before the
 * current one are contracted for good, those after it anew for each.
 */
function contractions(tensors: Doubles, factors: readonly Doubles[], room: Workspace): Doubles[] {
  const gradients: Doubles[] = [];
  let left = tensors;
  for (const [k, factor] of factors.entries()) {
    let result = left;
    for (const later of factors.slice(k + 1).toReversed()) result = withoutLast(result, later, room);
    gradients.push(result);
    if (k + 1 < factors.length) left = withoutFirst(left, factor, room);
  }
  return gradients;
}

/** Σ_j t[r, i, j] w[r, j], the last mode being that of w. */
function withoutLast(t: Doubles, w: Doubles, room: Workspace): Doubles {
  const result = room.take(t.rows, t.cols / w.cols);
  for (let at = 0; at < result.data.length; at++) {
    const weights = Math.floor(at / result.cols) * w.cols;
    let sum = 0;
    for (let j = 0; j < w.cols; j++) sum += t.data[at * w.cols + j]! * w.data[weights + j]!;
    result.data[at] = sum;
  }
  return result;
}

/** Σ_i t[r, i, j] w[r, i], the first mode being that of w. */
function withoutFirst(t: Doubles, w: Doubles, room: Workspace): Doubles {
  const result = room.take(t.rows, t.cols / w.cols);
  result.data.fill(0);
  for (let r = 0; r < t.rows; r++)
    for (let i = 0; i < w.cols; i++) {
      const weight = w.data[r * w.cols + i]!;
      const start = r * t.cols + i * result.cols;
      for (let j = 0; j < result.cols; j++) result.data[r * result.cols + j]! += weight * t.data[start + j]!;
    }
  return result;
}
