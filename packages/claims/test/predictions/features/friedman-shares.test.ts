import { random } from "lineament";
import { expect, it } from "vitest";
import { friedman } from "../../../src/data/index.ts";
import { friedmanShares } from "../../../src/predictions/index.ts";

it("shares of Friedman's inputs are those of its gradients", () => {
  // Central differences of the function that is drawn, by moving one coordinate of a fixed stream of uniform numbers.
  const [n, d, step] = [20_000, 6, 1e-4];
  const values = (moved: number, by: number): Float64Array => {
    const stream = random(1);
    let at = 0;
    const shifted = {
      uniform: () => stream.uniform() + (at++ % d === moved ? by : 0),
      normal: () => 0,
      integer: () => 0,
    };
    return friedman(n, d, shifted).y.data;
  };
  const squares = Array.from({ length: d }, (_, k) => {
    const [up, down] = [values(k, step), values(k, -step)];
    return up.reduce((sum, value, i) => sum + ((value - down[i]!) / (2 * step)) ** 2, 0) / n;
  });
  const trace = squares.reduce((sum, value) => sum + value, 0);
  expect(squares[5]).toBe(0);
  // Means of 20,000 squares, whose relative deviations are about 1.
  friedmanShares().forEach((share, k) => expect(Math.abs(squares[k]! / trace - share)).toBeLessThan(0.01));
});
