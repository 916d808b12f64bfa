import { type ImageShape, type Window, windowPixels } from "../../layers/index.ts";

/** The pixels of an image, and the pairs of pixels whose covariances are followed. */
export interface Geometry {
  readonly pixels: number;
  /** Numbers a pixel. */
  readonly channels: number;
  /** Pixel of the left and of the right image, for each pair. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** For each pair the pairs that a window covers, −1 outside of the image: pairs × (window rows · window columns). */
  readonly covered: (window: Window) => Int32Array;
}

/** Rows that are no images: one pixel of d channels. */
export function plainRows(d: number): Geometry {
  const [left, right] = [new Int32Array(1), new Int32Array(1)];
  return { pixels: 1, channels: d, left, right, covered: () => new Int32Array(1) };
}

/** Images; `pairs`: all pairs of pixels rather than each with itself. */
export function images({ height, width, channels }: ImageShape, pairs: boolean): Geometry {
  const pixels = height * width;
  const count = pairs ? pixels * pixels : pixels;
  const left = Int32Array.from({ length: count }, (_, s) => (pairs ? Math.floor(s / pixels) : s));
  const right = Int32Array.from({ length: count }, (_, s) => (pairs ? s % pixels : s));
  const known = new Map<string, Int32Array>();

  /** A window covers a pair of pixels by the pairs of what it covers around both. */
  const covered = (window: Window): Int32Array => {
    const own = windowPixels({ height, width }, window);
    const cells = window.rows * window.cols;
    const table = new Int32Array(count * cells);
    for (let s = 0, at = 0; s < count; s++)
      for (let cell = 0; cell < cells; cell++, at++) {
        const [p, q] = [own[left[s]! * cells + cell]!, own[right[s]! * cells + cell]!];
        table[at] = p < 0 || q < 0 ? -1 : pairs ? p * pixels + q : p;
      }
    return table;
  };
  return {
    pixels,
    channels,
    left,
    right,
    covered(window) {
      const key = `${window.rows} ${window.cols} ${window.padding}`;
      const table = known.get(key) ?? covered(window);
      known.set(key, table);
      return table;
    },
  };
}

/** Pairs of rows, and of their pixels, that are evaluated together: entry e pairs left[e] with right[e]. */
export interface Batch {
  readonly rows: Pairs;
  /** The pairs of pixels of the first pair of rows, then of the second, …; the rows themselves without images. */
  readonly pixels: Pairs;
  /** Every row with itself; entries with left = right are variances. */
  readonly self: boolean;
}

export interface Pairs {
  readonly left: Int32Array;
  readonly right: Int32Array;
}

/** Every one of `count` rows with itself. */
export function selfBatch(geometry: Geometry, count: number): Batch {
  const rows = Int32Array.from({ length: count }, (_, i) => i);
  return withPixels(geometry, { left: rows, right: rows }, true);
}

/** Rows of one set with rows of another; `above`: the pairs i < j within one set. */
export function pairBatch(geometry: Geometry, count: number, others: number, above = false): Batch {
  const left = new Int32Array(above ? (count * (count - 1)) / 2 : count * others);
  const right = new Int32Array(left.length);
  let at = 0;
  for (let i = 0; i < count; i++)
    for (let j = above ? i + 1 : 0; j < others; j++) {
      left[at] = i;
      right[at++] = j;
    }
  return withPixels(geometry, { left, right }, false);
}

function withPixels(geometry: Geometry, rows: Pairs, self: boolean): Batch {
  const { pixels, left, right } = geometry;
  if (pixels === 1) return { rows, pixels: rows, self };
  const size = left.length;
  const pairs = {
    left: new Int32Array(rows.left.length * size),
    right: new Int32Array(rows.left.length * size),
  };
  for (let e = 0; e < rows.left.length; e++)
    for (let s = 0; s < size; s++) {
      pairs.left[e * size + s] = rows.left[e]! * pixels + left[s]!;
      pairs.right[e * size + s] = rows.right[e]! * pixels + right[s]!;
    }
  return { rows, pixels: pairs, self };
}
