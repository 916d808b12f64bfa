import { expect, test } from "vitest";
import { rowRange } from "../../src/linalg/index.ts";
import {
  chunkRange,
  mapRows,
  type RowChunk,
  type RowSource,
  rowsInMemory,
  takeChunkRows,
  takeSourceRows,
} from "../../src/solvers/index.ts";
import { filled, normals, withLevels } from "../contracts/data.ts";

const n = 23;
const x = withLevels(
  normals(n, 2, 1),
  Array.from({ length: n }, (_, i) => i % 3),
  Array.from({ length: n }, (_, i) => i % 4),
);
const y = filled(n, 1, (i) => i);
const weights = Float64Array.from({ length: n }, (_, i) => i / 2);
const whole: RowChunk = { x, y, weights };
const chunked: RowSource = {
  rows: n,
  outputs: 1,
  *chunks() {
    for (let start = 0; start < n; start += 6) yield chunkRange(whole, start, Math.min(n, start + 6));
  },
};
/** Row numbers, coordinates, levels and weights of a chunk, as one list a row. */
const entries = (chunk: RowChunk): number[][] =>
  Array.from({ length: chunk.y.rows }, (_, i) => [
    chunk.y.data[i]!,
    ...rowRange(chunk.x.coordinates, i, i + 1).data,
    ...chunk.x.levels!.subarray(2 * i, 2 * i + 2),
    chunk.weights![i]!,
  ]);

test("a range of a chunk has its rows, and shares their memory", () => {
  const part = chunkRange(whole, 4, 9);
  expect(entries(part)).toEqual(entries(whole).slice(4, 9));
  expect(part.x.coordinates.data.buffer).toBe(x.coordinates.data.buffer);
});

test("rows are taken by number, from one chunk or many", async () => {
  const rows = [0, 5, 6, 17, 22];
  const expected = rows.map((i) => entries(whole)[i]);
  expect(entries(takeChunkRows(whole, rows))).toEqual(expected);
  expect(entries(await takeSourceRows(chunked, rows))).toEqual(expected);
  expect(entries(await takeSourceRows(rowsInMemory(x, y, weights), rows))).toEqual(expected);
  expect(entries(await takeSourceRows(chunked, [3]))).toEqual([entries(whole)[3]]);
});

test("rows beyond the end are missed", async () => {
  await expect(takeSourceRows(chunked, [3, 23])).rejects.toThrow("ended after 23 rows");
});

test("chunks may be changed on their way", async () => {
  const doubled = mapRows(chunked, (chunk) => ({
    ...chunk,
    y: filled(chunk.y.rows, 1, (i) => 2 * chunk.y.data[i]!),
  }));
  expect(doubled).toMatchObject({ rows: n, outputs: 1 });
  const seen: number[] = [];
  for await (const chunk of doubled.chunks()) seen.push(...chunk.y.data);
  expect(seen).toEqual(Array.from({ length: n }, (_, i) => 2 * i));
});

test("targets and weights of another length than the rows are refused", () => {
  expect(() =>
    rowsInMemory(
      x,
      filled(3, 1, () => 0),
    ),
  ).toThrow("y has 3 rows, x has 23");
  expect(() => rowsInMemory(x, y, new Float64Array(2))).toThrow("2 weights for 23 rows");
});
