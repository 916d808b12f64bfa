import fc from "fast-check";
import { random } from "lineament";
import { describe, expect, it } from "vitest";
import {
  bregmanPotential,
  commutingLimit,
  effectiveRankOf,
  endToEndFlow,
  integrate,
  leastNonnegativeSum,
  leastSumExcess,
  leastNuclearNormEntry,
  lowRankFreedom,
  nuclearNormLowerBound,
  nuclearNormWith,
  rankOneEntry,
  type Rows,
  runawayBounds,
  runawayEntryLaw,
  runawayFlow,
  type RunawayState,
  singularTriplets,
  singularValues,
  unobservedError,
} from "../../../src/predictions/index.ts";
import { expectVector, vector } from "../../vectors/vector.ts";
import { gaussianRows } from "./layers.ts";

describe("matrix completion", () => {
  it("by one layer keeps the error of what it has not seen", () => {
    const truth = [
      [3, 0, 1],
      [0, 4, -1],
    ];
    expect(
      unobservedError(truth, [
        [true, true, false],
        [true, false, true],
      ]),
    ).toBeCloseTo(Math.sqrt(17 / 27), 14);
    expect(
      unobservedError(
        truth,
        truth.map((row) => row.map(() => true)),
      ),
    ).toBe(0);
    expect([lowRankFreedom(20, 20, 2), lowRankFreedom(30, 30, 2), lowRankFreedom(3, 4, 3)]).toEqual([
      76, 116, 12,
    ]);
  });
});

describe("minimum nuclear norm of 2 × 2 matrices", () => {
  it.each(["LN-V16", "LN-V17"])("agrees with %s", (id) => {
    const one = vector<{ observed: [[null, number], [number, number]] }>(id);
    const [[, upperRight], [lowerLeft, lowerRight]] = one.inputs.observed;
    const known = { upperRight, lowerLeft, lowerRight };
    const entry = leastNuclearNormEntry(known);
    expectVector(one, {
      value: nuclearNormWith(known, entry),
      X: [
        [entry, upperRight],
        [lowerLeft, lowerRight],
      ],
    });
  });

  it("is least where it says, and the sum of singular values everywhere", () => {
    const entry = fc.double({ min: -3, max: 3, noNaN: true });
    fc.assert(
      fc.property(entry, entry, entry, entry, (upperRight, lowerLeft, lowerRight, other) => {
        const known = { upperRight, lowerLeft, lowerRight };
        const norm = nuclearNormWith(known, other);
        const values = singularValues([
          [other, upperRight],
          [lowerLeft, lowerRight],
        ]);
        expect(Math.abs(norm - values[0]! - values[1]!)).toBeLessThan(1e-7);
        expect(nuclearNormWith(known, leastNuclearNormEntry(known))).toBeLessThanOrEqual(norm + 1e-12);
      }),
    );
  });

  it("differs from rank one already here", () => {
    const known = { upperRight: 2, lowerLeft: 1, lowerRight: 1 };
    expect([leastNuclearNormEntry(known), rankOneEntry(known)]).toEqual([1, 2]);
    expect(nuclearNormWith(known, 2)).toBeCloseTo(Math.sqrt(10), 14);
    expect(rankOneEntry({ ...known, lowerRight: 0 })).toBeUndefined();
  });
});

describe("the dual bound on nuclear norms", () => {
  const unit = (i: number, j: number): number[][] =>
    [0, 1].map((r) => [0, 1].map((c) => (r === i && c === j ? 1 : 0)));
  const seen = [unit(0, 1), unit(1, 0), unit(1, 1)];

  it("is met by the multipliers u vᵀ of a minimizer, whose hidden entry is 0", () => {
    const { u, v } = singularTriplets([
      [1, 2],
      [1, 1],
    ]);
    const polar = u.mmul(v.transpose()).to2DArray();
    expect(polar[0]![0]).toBeCloseTo(0, 14);
    const multipliers = [polar[0]![1]!, polar[1]![0]!, polar[1]![1]!];
    expect(nuclearNormLowerBound(seen, [2, 1, 1], multipliers)).toBeCloseTo(3, 13);
  });

  it("is above no feasible matrix, whatever the multipliers", () => {
    const one = vector<{ A: number[][][]; b: number[] }>("LN-V32");
    const { value } = one.expected as { readonly value: number };
    const multiplier = fc.double({ min: -5, max: 5, noNaN: true });
    fc.assert(
      fc.property(fc.array(multiplier, { minLength: 4, maxLength: 4 }), (multipliers) => {
        expect(nuclearNormLowerBound(one.inputs.A, one.inputs.b, multipliers)).toBeLessThan(value + 1e-6);
        expect(nuclearNormLowerBound(seen, [2, 1, 1], multipliers.slice(1))).toBeLessThan(3 + 1e-12);
      }),
    );
  });
});

describe("norms that go to infinity", () => {
  it("agree with LN-V14: a lower bound on the free entry", () => {
    const one = vector<{ loss: number[] }>("LN-V14");
    expectVector(one, one.inputs.loss.map(runawayBounds.leastEntry));
  });

  it("agree with LN-V15: the flow of two layers", () => {
    const one = vector<{ alpha: number; t: number[] }>("LN-V15");
    const states = runawayFlow(one.inputs.alpha, one.inputs.t);
    expectVector(one, { w11: states.map(({ entry }) => entry), loss: states.map(({ loss }) => loss) });
  });

  const gradientOf = ([first, second]: Rows): number[][] => [
    [0, first![1]! - 1],
    [second![0]! - 1, second![1]!],
  ];
  const lossOf = (w: Rows): number => ((w[0]![1]! - 1) ** 2 + (w[1]![0]! - 1) ** 2 + w[1]![1]! ** 2) / 2;

  it("agree between the special flow and the general one", () => {
    const times = [0.5, 1, 10, 50];
    const start = [
      [0.1, 0],
      [0, 0.1],
    ];
    const general = endToEndFlow({ start, depth: 2, gradientOf }, times);
    runawayFlow(0.1, times).forEach(({ entry, side, corner }, i) =>
      [entry, side, side, corner].forEach((value, k) => expect(value).toBeCloseTo(general[i]!.flat()[k]!, 8)),
    );
  });

  it.each([2, 3, 4])("keep all bounds along the flow, depth %d", (depth) => {
    const times = [0.5, 1, 2, 5, 10, 20, 50];
    for (const alpha of [1, 0.1]) {
      const start = [
        [alpha, 0],
        [0, alpha],
      ];
      const states =
        depth === 2
          ? runawayFlow(alpha, times).map(({ entry, side, corner }) => [
              [entry, side],
              [side, corner],
            ])
          : endToEndFlow({ start, depth, gradientOf }, times);
      for (const w of states) {
        const loss = lossOf(w);
        const values = singularValues(w);
        expect(effectiveRankOf(values)).toBeLessThan(runawayBounds.largestEffectiveRank(loss));
        expect(values[1]!).toBeLessThan(runawayBounds.largestSecondSingularValue(loss));
        expect(Math.abs(w[0]![0]!)).toBeGreaterThanOrEqual(loss < 0.5 ? runawayBounds.leastEntry(loss) : 0);
      }
    }
  });

  it("tend to their laws at late times", () => {
    [3.915, 8.434, 18.171].forEach((law, i) => expect(runawayEntryLaw(10 ** (i + 1))).toBeCloseTo(law, 3));
    for (const alpha of [1e-3, 0.1, 1]) {
      const [{ entry, loss }] = runawayFlow(alpha, [5000]) as [RunawayState];
      expect(Math.abs(entry / runawayEntryLaw(5000) - 1)).toBeLessThan(0.01);
      expect(Math.abs(entry / runawayBounds.entryLaw(loss) - 1)).toBeLessThan(0.01);
      expect(Math.abs(loss / (0.5 * (6 * 5000) ** (-2 / 3)) - 1)).toBeLessThan(0.02);
    }
    expect(runawayBounds.leastEntry(0.6)).toBe(0);
    expect(() => runawayFlow(0, [1])).toThrow(/scale 0/);
  });
});

describe("commuting measurements", () => {
  interface Sensing {
    A: number[][];
    b: number[];
    n: number;
    alpha: number[];
  }
  const { A: measurements, b: results } = vector<Sensing>("LN-V21").inputs;

  it.each(["LN-V20-n2", "LN-V20-n3", "LN-V20-n4"])("end where %s says", (id) => {
    const one = vector<Sensing>(id);
    const { A, b, n: depth, alpha } = one.inputs;
    expectVector(
      one,
      alpha.map((scale) => commutingLimit({ measurements: A, results: b, depth, alpha: scale })),
    );
  });

  it("have a linear program for their limit: LN-V21", () => {
    const one = vector<Sensing>("LN-V21");
    const least = leastNonnegativeSum(measurements, results)!;
    expectVector(one, { value: least.sum, w: least.solution });
    expect(leastNonnegativeSum([[1, 2]], [-1])).toBeUndefined();
    expect(leastNonnegativeSum([[0, 0]], [0])).toBeUndefined();
  });

  it.each([2, 3, 5])("end where their flow does, depth %d", (depth) => {
    const alpha = 0.2;
    const velocity = (w: readonly number[]): number[] => {
      const misses = measurements.map((row, i) => row.reduce((sum, x, j) => sum + x * w[j]!, -results[i]!));
      return w.map(
        (value, j) =>
          -depth *
          value ** (2 - 2 / depth) *
          measurements.reduce((sum, row, i) => sum + row[j]! * misses[i]!, 0),
      );
    };
    const [end] = integrate(velocity, [alpha, alpha, alpha, alpha], [60]);
    commutingLimit({ measurements, results, depth, alpha }).forEach((value, i) =>
      expect(value).toBeCloseTo(end![i]!, 8),
    );
  });

  it("minimize the potential among all solutions", () => {
    // The kernel of A: two directions that keep A w.
    const directions = [
      [-4.5, 0.7, 0.9, 1.7666666666666666],
      [1, 0.3, -0.9, -0.7666666666666667],
    ].map((direction) => project(direction, measurements));
    for (const depth of [2, 3, 4, 7]) {
      const limit = commutingLimit({ measurements, results, depth, alpha: 0.05 });
      const total = (w: readonly number[]): number =>
        w.reduce((sum, value) => sum + bregmanPotential(value, depth, 0.05), 0);
      for (const direction of directions)
        for (const by of [-0.02, -0.001, 0.001, 0.02]) {
          const other = limit.map((value, i) => Math.max(0, value + by * direction[i]!));
          expect(total(other)).toBeGreaterThan(total(limit));
        }
    }
  });

  it("end closer to the least sum with a smaller start, faster at depth 3 and 4 than at 2", () => {
    const generator = random(11);
    const a = gaussianRows(3, 9, generator);
    const w = gaussianRows(1, 9, generator)[0]!.map(Math.abs);
    const b = a.map((row) => row.reduce((sum, value, i) => sum + value * w[i]!, 0));
    for (const [matrix, right] of [
      [measurements, results],
      [a, b],
    ] as const) {
      const { sum } = leastNonnegativeSum(matrix, right)!;
      const excess = (depth: number, alpha: number): number =>
        commutingLimit({ measurements: matrix, results: right, depth, alpha }).reduce((s, x) => s + x, -sum);
      for (const depth of [2, 3, 4]) {
        const along = [0.1, 1e-3, 1e-5].map((alpha) => excess(depth, alpha));
        expect(along[2]!).toBeGreaterThan(0);
        expect(along[1]!).toBeGreaterThan(along[2]!);
        expect(along[0]!).toBeGreaterThan(along[1]!);
        expect(along[2]!).toBeLessThan((depth === 2 ? 0.1 : 0.02) * sum);
        if (depth > 2) expect(along[1]!).toBeLessThan(excess(2, 1e-3));
      }
    }
  });

  it("exceed the least sum in proportion to α at depth 3 or more, by the slacks of the program", () => {
    const { sum, solution, slacks } = leastNonnegativeSum(measurements, results)!;
    slacks.forEach((slack, i) => expect(slack > 0 ? solution[i]! : slack).toBe(0));
    for (const depth of [3, 4, 6]) {
      const off = [1e-3, 1e-6].map((alpha) => {
        const w = commutingLimit({ measurements, results, depth, alpha });
        const excess = w.reduce((total, value) => total + value, -sum);
        // The limit solves A w = b up to rounding that grows as α^{−(1−2/n)}.
        expect(w.reduce((total, value, i) => total + slacks[i]! * value, 0) / excess).toBeCloseTo(1, 3);
        return Math.abs(excess / leastSumExcess(slacks, depth, alpha) - 1);
      });
      expect(off[1]!).toBeLessThan(0.05);
      expect(off[1]!).toBeLessThan(off[0]! / 2);
    }
    expect(() => leastSumExcess(slacks, 2, 0.1)).toThrow(/depth 2/);
  });

  it("say when no positive numbers solve them", () => {
    const impossible = { measurements: [[1, 2]], results: [-1], depth: 2, alpha: 0.1 };
    expect(() => commutingLimit(impossible)).toThrow(/found no w > 0/);
    expect(() => commutingLimit({ ...impossible, depth: 3 })).toThrow(/found no w > 0/);
    expect(() =>
      commutingLimit({
        ...impossible,
        measurements: [
          [1, 1],
          [2, 2],
        ],
        results: [1, 2],
      }),
    ).toThrow(RangeError);
    expect(() => commutingLimit({ ...impossible, alpha: 0 })).toThrow(/scale 0/);
    expect(() => commutingLimit({ ...impossible, depth: 1 })).toThrow(/depth 1/);
  });
});

/** The part of a direction that no measurement sees, for two measurements. */
function project(direction: readonly number[], [first, second]: Rows): number[] {
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  const other = second!.map((x, i) => x - (dot(first!, second!) / dot(first!, first!)) * first![i]!);
  return direction.map(
    (x, i) =>
      x -
      (dot(direction, first!) / dot(first!, first!)) * first![i]! -
      (dot(direction, other) / dot(other, other)) * other[i]!,
  );
}
