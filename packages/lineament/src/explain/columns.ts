import type { Points } from "../linalg/index.ts";
import type { FeatureMachineState } from "../machines/index.ts";

/** A column as its reader knows it: the input coordinates that it fills, and its categorical block if it has one. */
export interface ExplainedColumn {
  readonly name: string;
  readonly coordinates: readonly number[];
  readonly block?: number | undefined;
}

/** One column a coordinate, one a block: `x0`, `x1`, …, `block0`, … */
export function coordinateColumns(state: Pick<FeatureMachineState, "x" | "blockSizes">): ExplainedColumn[] {
  return [
    ...Array.from({ length: state.x.coordinates.cols }, (_, k) => ({ name: `x${k}`, coordinates: [k] })),
    ...state.blockSizes.map((_, block) => ({ name: `block${block}`, coordinates: [], block })),
  ];
}

/** @throws RangeError when a column names a coordinate or block that is not there, or two columns claim the same one */
export function checkColumns(
  call: string,
  columns: readonly ExplainedColumn[],
  state: Pick<FeatureMachineState, "x" | "blockSizes">,
): void {
  const owner = new Map<string, string>();
  for (const { name, coordinates, block } of columns) {
    for (const k of coordinates)
      if (!(Number.isInteger(k) && k >= 0 && k < state.x.coordinates.cols))
        throw new RangeError(
          `${call}: column ${name} has coordinate ${k}; the machine has ${state.x.coordinates.cols}`,
        );
    if (block !== undefined && !(Number.isInteger(block) && block >= 0 && block < state.blockSizes.length))
      throw new RangeError(
        `${call}: column ${name} has block ${block}; the machine has ${state.blockSizes.length}`,
      );
    for (const key of [
      ...coordinates.map((k) => `coordinate ${k}`),
      ...(block === undefined ? [] : [`block ${block}`]),
    ]) {
      if (owner.has(key)) throw new RangeError(`${call}: ${key} belongs to ${owner.get(key)} and to ${name}`);
      owner.set(key, name);
    }
  }
}

/** Mean and population standard deviation of a coordinate over the training rows, and whether it takes more than two values. */
export interface CoordinateSpread {
  readonly mean: number;
  readonly deviation: number;
  /** More than two different values: a derivative describes it. Otherwise it is a switch, and differences do. */
  readonly continuous: boolean;
}

export function coordinateSpreads(x: Points): CoordinateSpread[] {
  const { data, rows, cols } = x.coordinates;
  return Array.from({ length: cols }, (_, k) => {
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += data[i * cols + k]! / rows;
    let square = 0;
    const seen = new Set<number>();
    for (let i = 0; i < rows; i++) {
      square += (data[i * cols + k]! - mean) ** 2 / rows;
      if (seen.size < 3) seen.add(data[i * cols + k]!);
    }
    return { mean, deviation: seen.size < 2 ? 0 : Math.sqrt(square), continuous: seen.size > 2 };
  });
}

/** The parts of a column: coordinates described by derivatives, and those (with the block) that are switched together. */
export interface ColumnParts {
  readonly name: string;
  readonly continuous: readonly number[];
  readonly switches: readonly number[];
  readonly block: number | undefined;
}

export function columnParts(
  columns: readonly ExplainedColumn[],
  spreads: readonly CoordinateSpread[],
): ColumnParts[] {
  return columns.map(({ name, coordinates, block }) => ({
    name,
    continuous: coordinates.filter((k) => spreads[k]!.continuous),
    switches: coordinates.filter((k) => !spreads[k]!.continuous),
    block,
  }));
}

/** A copy of rows of points that may be written to. */
export function copyPoints({ coordinates, levels }: Points): Points {
  const copy = { ...coordinates, data: coordinates.data.slice() };
  return levels ? { coordinates: copy, levels: levels.slice() } : { coordinates: copy };
}

/** Gives row `to` of `points` the switches and the block of a column as in row `from` of `source`; says whether anything changed. */
export function switchColumn(
  { switches, block }: ColumnParts,
  points: Points,
  to: number,
  source: Points,
  from: number,
  blocks: number,
): boolean {
  const { cols } = points.coordinates;
  let changed = false;
  for (const k of switches) {
    const value = source.coordinates.data[from * cols + k]!;
    changed ||= points.coordinates.data[to * cols + k] !== value;
    points.coordinates.data[to * cols + k] = value;
  }
  if (block !== undefined) {
    const level = source.levels![from * blocks + block]!;
    changed ||= points.levels![to * blocks + block] !== level;
    points.levels![to * blocks + block] = level;
  }
  return changed;
}
