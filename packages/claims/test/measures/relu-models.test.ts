import { openEngine, random } from "lineament";
import { expect, it } from "vitest";
import { gaussianVector, halfSpaceLabels, twoLayerStart } from "../../src/data/index.ts";
import { reluModels } from "../../src/measures/index.ts";

const engine = await openEngine({ engine: "plain" });

it("a network and its models agree at the start, to second order and to first", async () => {
  const generator = random(1);
  const { x } = halfSpaceLabels(5, 3, generator);
  const { parameters } = twoLayerStart(30, 3, generator, gaussianVector);
  const direction = gaussianVector(parameters.length, generator);
  const { network, quadratic, linear } = reluModels(engine, { inputs: 3, width: 30 }, parameters);
  const [own, second, first] = await Promise.all(
    [network, quadratic, linear].map((model) => model.jet(parameters, x, direction, 2)),
  );
  for (let i = 0; i < 5; i++) {
    for (const degree of [0, 1, 2]) expect(second![degree]!.data[i]).toBeCloseTo(own![degree]!.data[i]!, 12);
    for (const degree of [0, 1]) expect(first![degree]!.data[i]).toBeCloseTo(own![degree]!.data[i]!, 12);
    expect(first![2]!.data[i]).toBe(0);
    expect(Math.abs(own![2]!.data[i]!)).toBeGreaterThan(0);
  }
});

it("half spaces are labeled by the sign of the first coordinate", () => {
  const { x, y } = halfSpaceLabels(200, 4, random(2));
  expect([x.rows, x.cols, y.rows, y.cols]).toEqual([200, 4, 200, 1]);
  y.data.forEach((label, i) => expect(label).toBe(Math.sign(x.data[4 * i]!)));
  expect(new Set(y.data)).toEqual(new Set([1, -1]));
});
