import { expect, test } from "vitest";
import { permutation, random, sample } from "../../src/linalg/random.ts";

test("a seed fixes the stream, everywhere", () => {
  const take = (seed: number) => {
    const generator = random(seed);
    return Array.from({ length: 4 }, () => generator.uniform());
  };
  expect(take(0)).toEqual(take(0));
  expect(take(0)).not.toEqual(take(1));
  expect(take(-1)).toEqual(take(2 ** 32 - 1));
  expect(take(0)).toEqual([0.6750985074322671, 0.1792434190865606, 0.051309420028701425, 0.9942569725681096]);
});

test("a seed that is no number is refused, instead of taken for 0", () => {
  for (const seed of [NaN, Infinity, undefined as unknown as number])
    expect(() => random(seed)).toThrow(
      /^random: the seed is (NaN|Infinity|undefined), expected a finite number/u,
    );
});

test("uniform numbers have mean ½ and variance 1/12 and stay in [0, 1)", () => {
  const generator = random(3);
  const n = 100_000;
  let [sum, squares] = [0, 0];
  for (let i = 0; i < n; i++) {
    const value = generator.uniform();
    if (!(value >= 0 && value < 1)) throw new Error(`${value} is outside of [0, 1)`);
    sum += value;
    squares += (value - 0.5) ** 2;
  }
  // Five standard errors: 5 √(1/12n), 5 √(1/180n).
  expect(Math.abs(sum / n - 0.5)).toBeLessThan(5 / Math.sqrt(12 * n));
  expect(Math.abs(squares / n - 1 / 12)).toBeLessThan(5 / Math.sqrt(180 * n));
});

test("normal numbers have moments 0, 1, 0, 3", () => {
  const generator = random(4);
  const n = 100_000;
  const moments = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const value = generator.normal();
    for (let power = 1; power <= 4; power++) moments[power - 1]! += value ** power / n;
  }
  // Five standard errors; the variances of x, x², x³, x⁴ are 1, 2, 15, 96.
  for (const [i, [expected, variance]] of [
    [0, 1],
    [1, 2],
    [0, 15],
    [3, 96],
  ].entries())
    expect(Math.abs(moments[i]! - expected!)).toBeLessThan(5 * Math.sqrt(variance! / n));
});

test("integers are uniform on 0 … n − 1", () => {
  const generator = random(5);
  const counts = new Int32Array(7);
  for (let i = 0; i < 70_000; i++) counts[generator.integer(7)]!++;
  // χ² with 6 degrees of freedom exceeds 27.9 once in ten thousand.
  expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(27.9);
});

test("a permutation holds every integer once; a sample is ascending, without repetition, and all when asked for more", () => {
  const order = permutation(1000, random(6));
  expect([...order].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect([...order]).not.toEqual([...order].toSorted((a, b) => a - b));
  const chosen = sample(1000, 100, random(7));
  expect(chosen.length).toBe(100);
  expect([...new Set(chosen)].toSorted((a, b) => a - b)).toEqual([...chosen]);
  expect([...sample(5, 9, random(8))]).toEqual([0, 1, 2, 3, 4]);
});
