import { asMatrix, evaluate, openEngine, random } from "lineament";
import { expect, it } from "vitest";
import { productTarget, rowsOf } from "../../src/data/index.ts";
import { coordinateEnergy, featureIterations, meanSquaredError } from "../../src/measures/index.ts";
import { vector } from "../vectors/vector.ts";

const engine = await openEngine({ engine: "plain" });

interface Iteration {
  readonly X: number[][];
  readonly y: number[];
  readonly Xtest: number[][];
  readonly L: number;
  readonly reg: number;
  readonly T: number;
}

it("gives the metric and the predictions of every iterate: agrees with FL-V3-max", async () => {
  const { inputs, expected, tol } = vector<Iteration>("FL-V3-max");
  const iterates = await featureIterations(engine, {
    x: doubles(inputs.X),
    y: doubles(inputs.y.map((value) => [value])),
    unseen: doubles(inputs.Xtest),
    kernel: { family: "laplace", bandwidth: inputs.L, exponent: 1 },
    ridge: inputs.reg,
    iterations: inputs.T,
  });
  const references = expected as readonly { M: number[][]; test_pred: number[] }[];
  expect(iterates).toHaveLength(references.length);
  iterates.forEach(({ metric, values }, t) => {
    const { M, test_pred: predictions } = references[t]!;
    rowsOf(metric)
      .flat()
      .forEach((value, at) => expect(Math.abs(value - M.flat()[at]!)).toBeLessThan(tol.abs));
    values.data.forEach((value, at) => expect(Math.abs(value - predictions[at]!)).toBeLessThan(tol.abs));
  });
});

it("learns a product of two coordinates, and leaves the machine for more questions", async () => {
  const { x, y } = productTarget(200, 6, random(1));
  const test = productTarget(100, 6, random(2));
  const iterates = await featureIterations(engine, { x, y, unseen: test.x, iterations: 2 });
  const errors = iterates.map(({ values }) => meanSquaredError(values.data, test.y.data));
  expect(errors[2]!).toBeLessThan(errors[0]!);
  expect(coordinateEnergy(iterates[0]!.metric, [0, 1])).toBeCloseTo(1 / 3, 14);
  expect(coordinateEnergy(iterates[2]!.metric, [0, 1])).toBeGreaterThan(0.95);
  const again = await evaluate(engine, iterates[2]!.expansion, { coordinates: test.x });
  expect(again).toEqual(iterates[2]!.values);
});

function doubles(rows: number[][]) {
  return asMatrix(rows) as ReturnType<typeof productTarget>["x"];
}
