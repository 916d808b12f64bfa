import { block } from "../block.ts";
import {
  inputRows,
  NEARLY_PARALLEL,
  ROW_TERMS,
  rowTerms,
  scalesOf,
  takeRowsThroughLayer,
} from "../dense-kernels.ts";
import type { DenseDerivatives, DenseLayer } from "../engine.ts";
import type { Matrix } from "../matrix.ts";
import { precisionOf } from "../matrix.ts";
import type { Task } from "./job.ts";
import type { Kit, Tile } from "./kit.ts";
import { mirror } from "./products.ts";
import { lowerTriangle, piece, pieces, pieceSize, triangleSize } from "./tiling.ts";

/** Rows of inputs, and what the first phase makes of them: directions and K⁰(x, x). */
export interface DirectedSide {
  readonly rows: Matrix;
  readonly directions: Matrix<Float64Array>;
  readonly variances: Matrix<Float64Array>;
}

export interface DenseJob {
  readonly kind: "dense-kernels";
  readonly x: DirectedSide;
  /** Undefined: z is x. */
  readonly z: DirectedSide | undefined;
  readonly scale: number;
  readonly layers: readonly DenseLayer[];
  readonly nngp: Matrix | undefined;
  readonly ntk: Matrix | undefined;
  readonly derivatives: DenseDerivatives | undefined;
}

const DIRECTION_ROWS = 1024;
/** The planes of a tile stay in the second-level cache: up to two, or up to six with derivatives. */
const TILE = 192;
const DERIVATIVE_TILE = 112;

/** Some rows of one side. */
interface Strip {
  readonly side: DirectedSide;
  readonly start: number;
  readonly end: number;
}

/** First directions, then tiles of pairs: each goes through all layers in cache, and every output is written once. */
export function denseTask(job: DenseJob, kit: Kit): Task {
  const { x, z = x, scale, layers, nngp, ntk, derivatives } = job;
  const symmetric = job.z === undefined;
  const [n, m, d] = [x.rows.rows, z.rows.rows, x.rows.cols];
  const chunks = [pieces(DIRECTION_ROWS, n), symmetric ? 0 : pieces(DIRECTION_ROWS, m)] as const;
  const largest = derivatives ? DERIVATIVE_TILE : TILE;
  const height = pieceSize(n, symmetric ? 4 : 8, largest);
  const width = symmetric ? height : largest;
  const [down, across] = [pieces(height, n), pieces(width, m)];
  const tiles = [chunks[0] + chunks[1], symmetric ? triangleSize(down) : down * across];
  // The planes that the state of a tile has: see `assembly/dense.ts`.
  const mode = (ntk || derivatives?.of === "ntk" ? 1 : 0) + (derivatives ? 2 : 0);
  const planes = [1, 2, 4, 6][mode]!;
  const planeOf = (state: Tile, index: number): Tile => ({
    ...state,
    pointer: state.pointer + index * state.rows * state.stride * 8,
  });
  const numbers = (tile: Tile): Float64Array => kit.view(tile) as Float64Array;

  function direct({ rows, directions, variances }: DirectedSide, chunk: number): void {
    const { start, end } = piece(chunk, DIRECTION_ROWS, rows.rows);
    const stored = kit.load(block(rows, start, end));
    const tile = kit.take(end - start, d, "float64");
    const squares = kit.take(1, end - start, "float64");
    kit.kernels(stored.precision).normalize(stored.pointer, tile.rows, d, tile.pointer, squares.pointer);
    kit.copyOut(tile, block(directions, start, end));
    variances.data.set(
      numbers(squares).map((square) => scale * square),
      start,
    );
  }

  /** Room for the planes of a state; what is known of it is its first plane. */
  function takeState(rows: number, cols: number): Tile {
    return { ...kit.take(planes * rows, cols, "float64", cols + (cols % 2)), rows };
  }

  function turn(from: Tile, to: Tile): Tile {
    const { precision, pointer, stride, rows, cols } = from;
    kit.kernels(precision).transpose(pointer, stride, rows, cols, to.pointer, to.stride);
    return to;
  }

  /** A state with the gaps of pairs of inputs. */
  function open(own: Strip, other: Strip): Tile {
    const state = takeState(own.end - own.start, other.end - other.start);
    const { pointer, rows, cols, stride } = state;
    const from = block(own.side.directions, own.start, own.end);
    const to = block(other.side.directions, other.start, other.end);
    const [u, w] = [kit.operand(from), kit.operand(to)];
    kit.gemm(u, w, state, { transposeB: true });
    if (symmetric && own.start === other.start) mirror(numbers(state), rows, stride);
    if (kit.dense.gaps(pointer, rows, stride, NEARLY_PARALLEL)) {
      const [p, q] = ["data" in u ? kit.load(from) : u, "data" in w ? kit.load(to) : w];
      kit.dense.gapsFromDistances(pointer, rows, cols, stride, NEARLY_PARALLEL, p.pointer, q.pointer, d);
    }
    return state;
  }

  /** Takes a state through all layers and writes the outputs; `mirrored`, those of the pairs turned round as well. */
  function* evaluate(state: Tile, own: Strip, other: Strip, mirrored: boolean): Generator<void, void> {
    const rowsX = inputRows(own.side.variances.data.subarray(own.start, own.end));
    const rowsZ = inputRows(other.side.variances.data.subarray(other.start, other.end));
    const [x, z] = [kit.take(ROW_TERMS, state.rows, "float64"), kit.take(ROW_TERMS, state.cols, "float64")];
    const [termsX, termsZ] = [rowTerms(numbers(x), x.cols), rowTerms(numbers(z), z.cols)];
    for (let index = 1; index < planes; index++) numbers(planeOf(state, index)).fill(index === 2 ? 1 : 0);
    for (const layer of layers) {
      takeRowsThroughLayer(layer, rowsX, termsX);
      takeRowsThroughLayer(layer, rowsZ, termsZ);
      const { weightVariance, biasVariance, weightRate, biasRate } = layer;
      const [form, ...constants] = formOf(layer);
      kit.dense.denseLayer(
        form, mode, state.pointer, state.rows, state.stride, x.pointer, x.cols, z.pointer, z.cols,
        weightVariance, weightRate, biasRate * biasVariance, ...constants,
      ); // prettier-ignore
      yield;
    }

    const diagonal = symmetric && own.start === other.start;
    const write = (tile: Tile, out: Matrix, exact?: Float64Array): void => {
      if (diagonal && exact) {
        const data = numbers(tile);
        for (let i = 0; i < tile.rows; i++) data[i * tile.stride + i] = exact[i]!;
      }
      const stored = precisionOf(out) === "float32" ? narrowed(tile) : tile;
      kit.copyOut(stored, block(out, own.start, own.end, other.start, other.end));
      if (!mirrored) return;
      const turned = turn(stored, kit.take(stored.cols, stored.rows, stored.precision));
      kit.copyOut(turned, block(out, other.start, other.end, own.start, own.end));
    };
    if (ntk) write(planeOf(state, 1), ntk, rowsX.tangents);
    if (derivatives) {
      const first = derivatives.of === "ntk" ? 4 : 2;
      write(planeOf(state, first), derivatives.byCovariance);
      write(planeOf(state, first + 1), derivatives.byVariance);
    }
    if (nngp) {
      const [a, b] = [roots(rowsX.variances), roots(rowsZ.variances)];
      kit.dense.covariances(state.pointer, state.rows, state.stride, a, b, state.pointer);
      write(state, nngp, rowsX.variances);
    }
  }

  function roots(variances: Float64Array): number {
    const tile = kit.take(1, variances.length, "float64");
    numbers(tile).set(variances.map(Math.sqrt));
    return tile.pointer;
  }

  function narrowed({ pointer, rows, cols, stride }: Tile): Tile {
    const narrow = kit.take(rows, cols, "float32", stride);
    kit.dense.narrow(pointer, rows * stride, narrow.pointer);
    return narrow;
  }

  return {
    phases: 2,
    tiles: (phase) => tiles[phase]!,
    *run(phase, index) {
      kit.reset();
      if (phase === 0) {
        if (index < chunks[0]) direct(x, index);
        else direct(z, index - chunks[0]);
        return yield;
      }
      const { row, column } = symmetric
        ? lowerTriangle(index)
        : { row: Math.floor(index / across), column: index % across };
      const own: Strip = { side: x, ...piece(row, height, n) };
      const other: Strip = { side: z, ...piece(column, width, m) };
      const state = open(own, other);
      const mirrored = symmetric && row !== column;
      // Derivatives by the variance of x are not symmetric: the pairs turned round go through the layers, too.
      const turned = mirrored && derivatives ? turn(state, takeState(state.cols, state.rows)) : undefined;
      yield* evaluate(state, own, other, mirrored && !turned);
      if (turned) yield* evaluate(turned, other, own, false);
    },
  };
}

/** The form of the activation and its constants, as `assembly/dense.ts` counts them. */
function formOf(layer: DenseLayer): [form: number, p0: number, p1: number, p2: number, p3: number] {
  const s = scalesOf(layer);
  switch (layer.activation?.form) {
    case undefined:
      return [0, 0, 0, 0, 0];
    case "piecewise-linear":
      return [1, s.meanSquareSlope, s.kink, s.relativeKink, 0];
    case "erf":
      return [2, s.arc, s.offset2, s.slope, s.frequency2];
  }
}
