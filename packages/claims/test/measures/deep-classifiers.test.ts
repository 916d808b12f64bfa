import {
  activationFunctions,
  correlationGaps,
  correlationMap,
  deepCorrelations,
  dualOf,
  openEngine,
  random,
} from "lineament";
import { describe, expect, it } from "vitest";
import { orthantPoints, randomSigns } from "../../src/data/index.ts";
import {
  column,
  deepClassifier,
  hermiteMixture,
  hilbertKernel,
  hilbertVotes,
  kernelRegression,
  kernelVote,
  signAgreement,
  tabulatedDeepKernel,
} from "../../src/measures/index.ts";

const engine = await openEngine({ engine: "plain" });

function problem(n: number, m: number) {
  const generator = random(2);
  return {
    train: orthantPoints(n, 3, generator),
    test: orthantPoints(m, 3, generator),
    labels: randomSigns(n, generator),
  };
}

describe("hermiteMixture", () => {
  it("has the dual that it is asked for", () => {
    const powers = [0.1, 0.2, 0.3, 0.15, 0.25];
    const dual = dualOf(hermiteMixture(powers));
    for (const xi of [-0.7, 0, 0.4, 1])
      expect(dual.value(1, 1, xi)).toBeCloseTo(
        powers.reduce((sum, p, k) => sum + p * xi ** k, 0),
        13,
      );
  });

  it("is x for h₁ and (x² − 1)/√2 for h₂", () => {
    expect(activationFunctions(hermiteMixture([0, 1])).value(1.7)).toBeCloseTo(1.7, 15);
    expect(activationFunctions(hermiteMixture([0, 0, 1])).value(1.7)).toBeCloseTo(1.89 / Math.SQRT2, 14);
  });
});

describe("deepClassifier", () => {
  const singular = correlationMap(hermiteMixture([0, 0.5, 0, 0.5]));
  const collapsing = correlationMap(hermiteMixture([0.5, 0.3, 0.2]));

  it("interpolates its labels, whether correlations vanish or tend to 1", async () => {
    const { train, labels } = problem(10, 1);
    for (const [map, depth] of [
      [singular, 3],
      [singular, 2000],
      [collapsing, 60],
    ] as const) {
      const values = await deepClassifier(engine, { map, depth, kernel: "nngp", train, test: train, labels });
      // Each value comes with a factor of its own; on training points it is 1.
      values.forEach((value, i) => expect(value / labels[i]!).toBeCloseTo(1, 4));
    }
  });

  it("is ordinary kernel interpolation where that is still exact", async () => {
    const given = problem(7, 30);
    const depth = 6;
    const values = await deepClassifier(engine, { map: collapsing, depth, kernel: "nngp", ...given });
    const kernel = (z: typeof given.train) =>
      deepCorrelations(collapsing, correlationGaps(z, given.train), depth).gap.map((gap) => 1 - gap);
    const direct = await kernelRegression(engine, {
      kernel: { data: kernel(given.train), rows: 7, cols: 7 },
      cross: { data: kernel(given.test), rows: 30, cols: 7 },
      targets: column(given.labels),
      ridge: 0,
    });
    values.forEach((value, i) => expect(value / direct.data[i]!).toBeCloseTo(1, 6));
  });

  it("has a limit where all inputs become equal", async () => {
    const given = problem(7, 30);
    const [deep, deeper] = [
      await deepClassifier(engine, { map: collapsing, depth: 100, kernel: "nngp", ...given }),
      await deepClassifier(engine, { map: collapsing, depth: 300, kernel: "nngp", ...given }),
    ];
    deeper.forEach((value, i) => expect(Math.abs(value - deep[i]!)).toBeLessThan(1e-6));
  });

  it("is the vote of its kernel where that is diagonal, also where nothing of it is left in floating point", async () => {
    const given = problem(20, 100);
    for (const kernel of ["nngp", "ntk"] as const) {
      const values = await deepClassifier(engine, { map: singular, depth: 1e7, kernel, ...given });
      const gaps = correlationGaps(given.test, given.train);
      const votes = kernelVote(tabulatedDeepKernel(singular, 2000), gaps, given.labels);
      expect(signAgreement(values, votes)).toBe(1);
    }
  });
});

describe("votes", () => {
  it("of a tabulated kernel are those of the kernel to 2e-5", () => {
    const map = correlationMap("erf");
    const table = tabulatedDeepKernel(map, 50);
    const gaps = [3e-14, 2.2e-7, 0.013, 0.61, 0.98];
    const { logNngp } = deepCorrelations(map, gaps, 50);
    const unit = table(gaps[0]!);
    gaps.forEach((gap, i) =>
      expect(Math.abs((table(gap) / unit) * Math.exp(logNngp[0]! - logNngp[i]!) - 1)).toBeLessThan(2e-5),
    );
  });

  it("of Hilbert kernels agree, however they are computed", () => {
    const { train, test, labels } = problem(30, 50);
    const all = hilbertVotes({ x: train, labels }, test, { exponent: 0.5, count: 4 });
    [0.5, 1, 2, 4].forEach((exponent, e) => {
      const votes = kernelVote(hilbertKernel(exponent), correlationGaps(test, train), labels);
      expect(signAgreement(votes, all[e]!)).toBe(1);
    });
  });

  it("agree where signs do; 0 agrees with nothing", () =>
    expect(signAgreement([1, -2, 0, 3], [4, -1, 0, -1])).toBe(0.5));
});
