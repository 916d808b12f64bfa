import { random } from "lineament";
import { expect, it } from "vitest";
import { dirichletClasses, gamma } from "../../src/data/index.ts";
import { mean } from "../../src/measures/index.ts";

it.each([0.1, 0.7, 1, 3.5])("gamma variables of shape %d have that mean and variance", (shape) => {
  const generator = random(3);
  const values = Float64Array.from({ length: 20_000 }, () => gamma(shape, generator));
  const center = mean(values);
  // 5 standard errors: √(shape/n), and √((6 shape + 2 shape²)/n) of the variance.
  expect(Math.abs(center - shape)).toBeLessThan(5 * Math.sqrt(shape / 20_000));
  expect(Math.abs(mean(values.map((value) => (value - center) ** 2)) - shape)).toBeLessThan(
    5 * Math.sqrt((6 * shape + 2 * shape ** 2) / 20_000),
  );
});

it("classes have their share, their mean on the simplex, and directions on the sphere", () => {
  const n = 10_000;
  const classes = { positive: [1, 2, 1], negative: [3, 0.5, 0.5], prior: 0.4 };
  const { simplex, x, labels } = dirichletClasses(n, classes, random(4));
  // 5 standard errors of shares and means of numbers in [0, 1].
  expect(Math.abs(mean(labels.map((label) => (label > 0 ? 1 : 0))) - 0.4)).toBeLessThan(0.025);
  const chosen = [...labels.keys()].filter((i) => labels[i]! > 0);
  [0.25, 0.5, 0.25].forEach((expected, k) =>
    expect(Math.abs(mean(chosen.map((i) => simplex.data[3 * i + k]!)) - expected)).toBeLessThan(0.02),
  );
  for (let i = 0; i < 50; i++) {
    const [p, q] = [simplex, x].map(({ data }) => data.subarray(3 * i, 3 * i + 3)) as [
      Float64Array,
      Float64Array,
    ];
    expect(p.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 14);
    expect(Math.hypot(...q)).toBeCloseTo(1, 14);
    expect(p[0]! * q[2]!).toBeCloseTo(p[2]! * q[0]!, 14);
  }
});
