import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, type Matrix, transpose } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import {
  endToEndVelocity,
  factorizationLoss,
  gaussianFactors,
  layerGradients,
  lossAt,
  minimumNuclearNorm,
  observedEntries,
  regressionLoss,
  sensingLoss,
  tensorGradients,
  tensorOf,
  trainFactors,
} from "../../src/linear/index.ts";
import { expectClose, filled, normals, product } from "../contracts/data.ts";

// Matrices here are large enough for the engine's own products; those of the other tests are multiplied without it.

let fast: Engine;
beforeAll(async () => {
  fast = await openEngine({ threads: 1 });
});
afterAll(() => fast.close());
const plain = plainEngine();
const both = (): readonly Engine[] => [plain, fast];

const network = gaussianFactors([40, 20, 30, 25], { std: 0.2, seed: 1 });
const [first, second, third] = network as [Matrix<Float64Array>, Matrix<Float64Array>, Matrix<Float64Array>];

test("layer gradients are the products of their definition, on every engine", async () => {
  const gradient = normals(25, 40, 2);
  const above = product(transpose(third), gradient);
  const expected = [
    product(transpose(second), above),
    product(above, transpose(first)),
    product(gradient, transpose(product(second, first))),
  ];
  for (const engine of both())
    for (const [j, { data }] of (await layerGradients(engine, network, gradient)).entries())
      expectClose(data, expected[j]!.data, 1e-13);
});

describe("engines agree on", () => {
  const cases: Readonly<Record<string, (engine: Engine) => Promise<Float64Array>>> = {
    "the end-to-end velocity": async (engine) =>
      (await endToEndVelocity(engine, normals(20, 30, 3), normals(20, 30, 4), 3)).data,
    "the gradient of sensing": async (engine) => {
      const values = normals(50, 1, 5).data;
      const loss = sensingLoss(engine, { rows: 8, cols: 10, matrices: normals(50, 80, 6), values });
      return (await lossAt(loss, normals(8, 10, 7))).gradient.data;
    },
    "the gradient of regression": async (engine) => {
      const loss = regressionLoss(engine, normals(60, 20, 8), normals(60, 4, 9), { p: 3 });
      return (await lossAt(loss, normals(4, 20, 1))).gradient.data;
    },
    "fifty steps of descent": async (engine) => {
      const options = { learningRate: 0.01, momentum: 0.5, steps: 50 };
      return (await trainFactors(engine, network, factorizationLoss(normals(25, 40, 2)), options)).endToEnd
        .data;
    },
    "tensors and their gradients": async (engine) => {
      const factors = [normals(6, 10, 1), normals(6, 9, 2), normals(6, 8, 3)];
      const gradients = await tensorGradients(engine, factors, normals(10, 72, 4));
      return Float64Array.from(
        [await tensorOf(engine, factors), ...gradients].flatMap(({ data }) => [...data]),
      );
    },
    "the minimum nuclear norm": async (engine) => {
      const truth = product(normals(20, 1, 1), normals(1, 20, 2));
      const blanks = filled(20, 20, (i, j) => ((i * 7 + j) % 3 === 0 ? NaN : truth.data[i * 20 + j]!));
      return (await minimumNuclearNorm(engine, observedEntries(blanks))).matrix.data;
    },
  };
  for (const [what, run] of Object.entries(cases))
    test(what, async () => {
      const [expected, actual] = [await run(plain), await run(fast)];
      expect(expected.every(Number.isFinite)).toBe(true);
      expectClose(actual, expected, 1e-11);
    });
});
