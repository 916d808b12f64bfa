import { asMatrix, random } from "lineament";
import { describe, expect, it } from "vitest";
import { gaussianMatrix, rowsOf } from "../../src/data/index.ts";
import { nearestNeighbors } from "../../src/measures/index.ts";

describe("nearest neighbors", () => {
  it("are the rows at the smallest distances, nearest first", () => {
    const [x, z] = [gaussianMatrix(40, 3, random(1)), gaussianMatrix(7, 3, random(2))];
    const rows = rowsOf(x);
    const sorted = rowsOf(z).flatMap((point) => {
      const distances = rows.map((row) => Math.hypot(...row.map((value, j) => value - point[j]!)));
      return [...distances.keys()].sort((a, b) => distances[a]! - distances[b]!).slice(0, 5);
    });
    expect(Array.from(nearestNeighbors(x, z, 5))).toEqual(sorted);
    expect(Array.from(nearestNeighbors(x, z))).toEqual(sorted.filter((_, at) => at % 5 === 0));
  });

  it("are the first ones among equals, and every row at most", () => {
    const x = asMatrix([[1], [3], [1]]);
    expect(Array.from(nearestNeighbors(x, asMatrix([[2]]), 3))).toEqual([0, 1, 2]);
    expect(() => nearestNeighbors(x, x, 4)).toThrow(/4 neighbors among 3 rows/);
  });
});
