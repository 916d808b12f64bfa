import { random } from "lineament";
import { describe, expect, it } from "vitest";
import {
  concrete,
  gatedProduct,
  gaussianMatrix,
  pairProducts,
  productTarget,
  standardized,
} from "../../src/data/index.ts";
import { mean, standardDeviation } from "../../src/measures/index.ts";

describe("the concrete table", () => {
  it("has its rows, divided as everywhere", async () => {
    const { columns, train, test } = await concrete();
    expect([train.x.rows, test.x.rows, train.x.cols, train.y.rows, test.y.rows]).toEqual([
      754, 276, 8, 754, 276,
    ]);
    expect(columns[0]).toBe("cement");
    expect(Array.from(train.x.data.slice(0, 8))).toEqual([540, 0, 0, 162, 2.5, 1040, 676, 28]);
    expect([train.y.data[0], test.y.data[0]]).toEqual([79.99, 61.89]);
    expect(standardDeviation(test.y.data)).toBeCloseTo(16.71, 1);
    expect(mean([...train.y.data, ...test.y.data])).toBeCloseTo(35.818, 3);
  });
});

describe("targets of low rank", () => {
  it("are a product where a gate is open, of inputs of half the size", () => {
    const { x, y } = gatedProduct(400, 7, random(2));
    expect(standardDeviation(x.data)).toBeCloseTo(0.5, 1);
    for (let i = 0; i < 400; i++) {
      const row = x.data.subarray(7 * i, 7 * i + 7);
      expect(y.data[i]).toBe(row[5]! > 0 ? row[0]! * row[1]! : 0);
    }
  });

  it("are sums of products of pairs, of variance 1", () => {
    const { x, y } = pairProducts(4000, 6, 3, random(3));
    const [a, b, c, d, e, f] = x.data;
    expect(y.data[0]).toBeCloseTo((a! * b! + c! * d! + e! * f!) / Math.sqrt(3), 14);
    expect(standardDeviation(y.data)).toBeCloseTo(1, 1);
    expect(pairProducts(5, 4, 1, random(4))).toEqual(productTarget(5, 4, random(4)));
  });
});

describe("standardized columns", () => {
  it("have mean 0 and standard deviation 1, and others are in the same units", () => {
    const x = gaussianMatrix(50, 3, random(1), { std: 4 });
    const [own, shifted] = standardized(x, { ...x, data: x.data.map((value) => value + 1) });
    for (let k = 0; k < 3; k++) {
      const column = (data: Float64Array): Float64Array => data.filter((_, at) => at % 3 === k);
      expect(mean(column(own!.data))).toBeCloseTo(0, 14);
      expect(standardDeviation(column(own!.data)) * Math.sqrt(49 / 50)).toBeCloseTo(1, 14);
      const unit = standardDeviation(column(x.data)) * Math.sqrt(49 / 50);
      expect(column(shifted!.data)[7]! - column(own!.data)[7]!).toBeCloseTo(1 / unit, 14);
    }
  });
});
