import { afterAll, expect, it } from "vitest";
import { endToEnd, openEngine, random } from "lineament";
import { gaussianLayers, gaussianMatrix } from "../../src/data/index.ts";
import { distance, largestDistance, layerVelocity } from "../../src/measures/index.ts";

const engine = await openEngine();
afterAll(() => engine.close());

it("the velocity of a product of layers is the difference of two products a moment apart", async () => {
  const generator = random(1);
  const network = gaussianLayers([3, 4, 2, 5], generator, { std: 0.7 });
  const gradient = gaussianMatrix(5, 3, generator);
  const velocity = await layerVelocity(engine, network, gradient);

  // Gradients of the layers by the chain rule on ⟨G, W⟩, one entry at a time: linear in each, so differences are exact.
  const along = async (layers: typeof network): Promise<number> =>
    (await endToEnd(engine, layers)).data.reduce((sum, value, i) => sum + value * gradient.data[i]!, 0);
  const slopes: Float64Array[] = [];
  for (const [j, w] of network.entries()) {
    const slope = new Float64Array(w.data.length);
    for (let i = 0; i < slope.length; i++) {
      const moved = (by: number) => network.with(j, { ...w, data: w.data.with(i, w.data[i]! + by) });
      slope[i] = (await along(moved(0.5))) - (await along(moved(-0.5)));
    }
    slopes.push(slope);
  }
  const after = (dt: number) =>
    endToEnd(
      engine,
      network.map((w, j) => ({ ...w, data: w.data.map((value, i) => value - dt * slopes[j]![i]!) })),
    );
  // Central differences err by about dt².
  const [later, earlier] = [await after(1e-5), await after(-1e-5)];
  const difference = later.data.map((value, i) => (value - earlier.data[i]!) / 2e-5);
  expect(distance(difference, velocity.data) / Math.hypot(...velocity.data)).toBeLessThan(1e-8);
});

it("without hidden layers the velocity is minus the gradient", async () => {
  const generator = random(2);
  const gradient = gaussianMatrix(2, 3, generator);
  const velocity = await layerVelocity(engine, [gaussianMatrix(2, 3, generator)], gradient);
  expect(Array.from(velocity.data)).toEqual(Array.from(gradient.data, (value) => -value));
});

it("the largest distance is that of the two matrices farthest apart", () => {
  const matrix = (...data: number[]) => ({ data: Float64Array.from(data), rows: 1, cols: 2 });
  expect(largestDistance([matrix(0, 0), matrix(1, 1)], [matrix(3, 4), matrix(1, 2)])).toBe(5);
});

it("Gaussian layers fit together, with entries of the size asked for", () => {
  const layers = gaussianLayers([60, 50, 40], random(3), { std: 0.3 });
  expect(layers.map(({ rows, cols }) => [rows, cols])).toEqual([
    [50, 60],
    [40, 50],
  ]);
  const entries = layers.flatMap(({ data }) => Array.from(data));
  // 5000 entries: the standard error is 1 %.
  expect(Math.hypot(...entries) / Math.sqrt(entries.length) / 0.3).toBeCloseTo(1, 1);
});
