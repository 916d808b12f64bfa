import fc from "fast-check";
import { random } from "lineament";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import {
  addedParameterShare,
  constantGradientLoop,
  endToEndFlow,
  endToEndMatrix,
  endToEndVelocity,
  factorizationGradient,
  layerGradients,
  leastPreconditionerEigenvalue,
  meanPreconditionerEigenvalue,
  preconditionerEigenvalue,
  preconditionerSpectrum,
  quadraticLossLoop,
  quarterCircleMean,
  type Rows,
  singleOutputVelocity,
  singularTriplets,
  singularValues,
  singularValueVelocity,
  sphereQuadrature,
} from "../../../src/predictions/index.ts";
import { expectVector, vector } from "../../vectors/vector.ts";
import {
  balancedLayers,
  factorizationLoss,
  gaussianRows,
  minus,
  plus,
  randomLayers,
  relativeDifference,
} from "./layers.ts";

interface Point {
  W: number[][];
  gradEndToEnd: number[][];
  n: number;
}

/** Ẇ of layers that each follow their gradient, by the product rule. */
function velocityOfLayers(layers: readonly Rows[], gradient: Rows): number[][] {
  const gradients = layerGradients(layers, gradient);
  const terms = layers.map((_, j) =>
    endToEndMatrix(layers.map((layer, i) => (i === j ? gradients[j]! : layer))),
  );
  return terms.reduce(
    (sum, term) => plus(sum, term, -1),
    terms[0]!.map((row) => row.map(() => 0)),
  );
}

describe("end-to-end dynamics", () => {
  it.each(["LN-V04-n1", "LN-V04-n2", "LN-V04-n3", "LN-V04-n5", "LN-V05-n2", "LN-V05-n3"])(
    "agree with %s",
    (id) => {
      const one = vector<Point>(id);
      expectVector(one, endToEndVelocity(one.inputs.W, one.inputs.gradEndToEnd, one.inputs.n));
    },
  );

  it.each(["LN-V12-n2", "LN-V12-n3"])("agree with %s along their flow", (id) => {
    const one = vector<{ W0: number[][]; Phi: number[][]; n: number; t: number[] }>(id);
    const { W0: start, Phi, n: depth, t } = one.inputs;
    expectVector(one, endToEndFlow({ start, depth, gradientOf: factorizationGradient(Phi) }, t));
  });

  it("are those of balanced layers, and not those of others", () => {
    const sizes = [
      [2, 3, 4],
      [3, 4, 4],
      [4, 5, 2],
      [5, 3, 3],
      [3, 1, 5],
    ] as const;
    for (const [depth, rows, columns] of sizes) {
      const generator = random(depth);
      const w = gaussianRows(rows, columns, generator);
      const gradient = gaussianRows(rows, columns, generator);
      const formula = endToEndVelocity(w, gradient, depth);
      expect(
        relativeDifference(velocityOfLayers(balancedLayers(w, depth, 1), gradient), formula),
      ).toBeLessThan(1e-13);
    }
    for (const depth of [2, 3]) {
      const layers = randomLayers(
        Array.from({ length: depth + 1 }, () => 3),
        4,
      );
      const gradient = gaussianRows(3, 3, random(9));
      const formula = endToEndVelocity(endToEndMatrix(layers), gradient, depth);
      expect(relativeDifference(velocityOfLayers(layers, gradient), formula)).toBeGreaterThan(0.01);
    }
  });

  it("keep a rank that W does not have: powers of rounding errors are not seen", () => {
    // Rank two, through products that leave rounding errors in the other singular values.
    const generator = random(2);
    const w = new Matrix(gaussianRows(5, 2, generator))
      .mmul(new Matrix(gaussianRows(2, 4, generator)))
      .to2DArray();
    const gradient = gaussianRows(5, 4, generator);
    const layers = balancedLayers(w, 4, 3);
    expect(
      relativeDifference(velocityOfLayers(layers, gradient), endToEndVelocity(w, gradient, 4)),
    ).toBeLessThan(1e-13);
    expect(singularTriplets(w).values.slice(2)).toEqual([0, 0]);
  });

  it("rest at 0, except for one layer", () => {
    const zero = [
      [0, 0, 0],
      [0, 0, 0],
    ];
    const gradient = gaussianRows(2, 3, random(1));
    expect(
      endToEndVelocity(zero, gradient, 2)
        .flat()
        .every((x) => x === 0),
    ).toBe(true);
    expect(
      relativeDifference(
        endToEndVelocity(zero, gradient, 1),
        gradient.map((row) => row.map((x) => -x)),
      ),
    ).toBe(0);
  });

  it("refuse depths that are none, and entries that are not finite", () => {
    expect(() => endToEndVelocity([[1]], [[1]], 0)).toThrow(/depth 0/);
    expect(() => endToEndVelocity([[1]], [[1]], 1.5)).toThrow(RangeError);
    expect(() => endToEndVelocity([[NaN]], [[1]], 2)).toThrow(/not finite/);
  });
});

describe("the preconditioner", () => {
  it.each(["LN-V06-n2", "LN-V06-n3", "LN-V06-n4"])("has the spectrum of %s", (id) => {
    const one = vector<Point>(id);
    expectVector(one, preconditionerSpectrum(one.inputs.W, one.inputs.n));
  });

  it("has the spectrum of its Kronecker products, its trace, and its least eigenvalue", () => {
    for (const [rows, columns] of [
      [3, 3],
      [5, 2],
      [2, 4],
    ] as const)
      for (const depth of [1, 2, 3, 8]) {
        const w = gaussianRows(rows, columns, random(depth));
        // P_W maps each unit gradient to the velocity it causes, up to its sign.
        const explicit = Array.from({ length: rows * columns }, (_, k) => {
          const unit = Array.from({ length: rows }, (_, i) =>
            Array.from({ length: columns }, (_, j) => (i * columns + j === k ? -1 : 0)),
          );
          return endToEndVelocity(w, unit, depth).flat();
        });
        const { realEigenvalues } = new EigenvalueDecomposition(new Matrix(explicit), {
          assumeSymmetric: true,
        });
        const spectrum = preconditionerSpectrum(w, depth);
        realEigenvalues
          .sort((a, b) => a - b)
          .forEach((value, i) => expect(Math.abs(value / spectrum[i]! - 1)).toBeLessThan(1e-11));
        const least = leastPreconditionerEigenvalue(singularValues(w).at(-1)!, depth, {
          square: rows === columns,
        });
        expect(spectrum[0]! / least).toBeCloseTo(1, 12);
        const mean = realEigenvalues.reduce((sum, value) => sum + value, 0) / (rows * columns);
        expect(meanPreconditionerEigenvalue(w, depth) / mean).toBeCloseTo(1, 12);
      }
  });

  it("has eigenvalues of both forms", () => {
    const size = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 9 }), (a, b, n) => {
        const value = preconditionerEigenvalue(a, b, n);
        expect(preconditionerEigenvalue(b, a, n) / value).toBeCloseTo(1, 12);
        expect(preconditionerEigenvalue(a, a, n) / (n * a ** (2 - 2 / n))).toBeCloseTo(1, 12);
        if (Math.abs(Math.log(a / b)) > 0.1)
          expect((a ** 2 - b ** 2) / (a ** (2 / n) - b ** (2 / n)) / value).toBeCloseTo(1, 10);
      }),
    );
    expect(preconditionerEigenvalue(0, 0, 1)).toBe(1);
    expect(preconditionerEigenvalue(0, 0, 3)).toBe(0);
    expect(preconditionerEigenvalue(2, 0, 3)).toBeCloseTo(2 ** (4 / 3), 14);
  });

  it("speeds up layers at the usual initialization, by the quarter-circle law", () => {
    const d = 64;
    const w = gaussianRows(d, d, random(1), Math.sqrt(2 / d));
    const predicted = 2 * quarterCircleMean(Math.sqrt(2 / d), d);
    expect(predicted).toBeCloseTo(2.4, 2);
    // The law holds for d → ∞; at 64 it is about 1/d off.
    expect(meanPreconditionerEigenvalue(w, 2) / predicted).toBeGreaterThan(0.95);
    expect(meanPreconditionerEigenvalue(w, 2) / predicted).toBeLessThan(1.02);
  });

  it("costs 15.8 % more parameters in the network of the paper", () => {
    const convolutions = 5 * 5 * 32 + 32 + 5 * 5 * 32 * 64 + 64;
    const dense = 3136 * 512 + 512 + 512 * 10 + 10;
    expect(addedParameterShare(convolutions + dense, [512, 10])).toBeCloseTo(0.158, 3);
  });
});

describe("a single output", () => {
  it.each(["LN-V07-n2", "LN-V07-n3", "LN-V07-n6"])("agrees with %s", (id) => {
    const one = vector<{ w: number[]; grad: number[]; n: number }>(id);
    expectVector(one, singleOutputVelocity(one.inputs.w, one.inputs.grad, one.inputs.n));
  });

  it("moves as the general dynamics", () => {
    const entry = fc.double({ min: -3, max: 3, noNaN: true });
    const row = fc.array(entry, { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(row, row, fc.integer({ min: 1, max: 6 }), (w, gradient, depth) => {
        const [general] = endToEndVelocity([w], [gradient], depth);
        const special = singleOutputVelocity(w, gradient, depth);
        special.forEach((value, i) => expect(Math.abs(value - general![i]!)).toBeLessThan(1e-11));
      }),
    );
  });
});

describe("no regularizer has this gradient", () => {
  it("agrees with LN-V22: constant gradient", () => {
    const one = vector<{ N: number[]; g: number; r: number; R: number }>("LN-V22");
    const { N, g, r, R } = one.inputs;
    expectVector(
      one,
      N.map((depth) => constantGradientLoop(depth, g, { inner: r, outer: R })),
    );
  });

  it("agrees with LN-V23: quadratic loss", () => {
    const one = vector<{ N: number[]; curv: [number, number]; r: number; R: number }>("LN-V23");
    const { N, curv, r, R } = one.inputs;
    expectVector(
      one,
      N.map((depth) => quadraticLossLoop(depth, curv, { inner: r, outer: R })),
    );
  });

  it("agrees with integrals along the loops", () => {
    type Point2 = readonly [number, number];
    /** A path from t = 0 to 1: where it is, and how fast it goes. */
    type Path = (t: number) => readonly [Point2, Point2];
    const { nodes, weights } = sphereQuadrature(3, 100);
    const along = (path: Path, field: (w: Point2) => readonly number[]): number =>
      weights.reduce((sum, weight, i) => {
        const [place, velocity] = path((1 + nodes[i]!) / 2);
        const [x, y] = field(place) as [number, number];
        return sum + weight * (x * velocity[0] + y * velocity[1]);
      }, 0);
    const line =
      (from: Point2, to: Point2): Path =>
      (t) => [
        [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])],
        [to[0] - from[0], to[1] - from[1]],
      ];
    const arc =
      (radius: number, from: number, to: number): Path =>
      (t) => {
        const angle = from + t * (to - from);
        return [
          [radius * Math.cos(angle), radius * Math.sin(angle)],
          [-radius * (to - from) * Math.sin(angle), radius * (to - from) * Math.cos(angle)],
        ];
      };
    const [inner, outer] = [0.1, 1];
    for (const depth of [1, 2, 3, 4, 5]) {
      const constant = (w: Point2): number[] => singleOutputVelocity(w, [2, 0], depth).map((x) => -x);
      const first = [
        line([-outer, 0], [-inner, 0]),
        arc(inner, Math.PI, 0),
        line([inner, 0], [outer, 0]),
        arc(outer, 0, Math.PI),
      ];
      const quadratic = (w: Point2): number[] =>
        singleOutputVelocity(w, [w[0], 3 * w[1]], depth).map((x) => -x);
      const second = [
        line([inner, 0], [outer, 0]),
        arc(outer, 0, Math.PI / 2),
        line([0, outer], [0, inner]),
        arc(inner, Math.PI / 2, 0),
      ];
      const integral = (paths: readonly Path[], field: (w: Point2) => readonly number[]): number =>
        paths.reduce((sum, path) => sum + along(path, field), 0);
      expect(integral(first, constant)).toBeCloseTo(constantGradientLoop(depth, 2, { inner, outer }), 9);
      expect(integral(second, quadratic)).toBeCloseTo(quadraticLossLoop(depth, [1, 3], { inner, outer }), 9);
    }
  });
});

describe("velocity of singular values", () => {
  it("agrees with LN-V28", () => {
    const one = vector<{ W: number[][]; gradEndToEnd: number[][]; n: number[] }>("LN-V28");
    const { W, gradEndToEnd, n } = one.inputs;
    const results = n.map((depth) => singularValueVelocity(W, gradEndToEnd, depth));
    expectVector(one, {
      sigma: results[0]!.values,
      velocity: results.map(({ velocities }) => velocities),
    });
  });

  it("is the derivative of singular values along the dynamics, and their loss falls as it must", () => {
    const generator = random(5);
    const target = gaussianRows(4, 3, generator);
    const w = gaussianRows(4, 3, generator);
    const gradient = minus(w, target);
    const h = 1e-6;
    for (const depth of [1, 2, 3, 5]) {
      const velocity = endToEndVelocity(w, gradient, depth);
      const { velocities } = singularValueVelocity(w, gradient, depth);
      const ahead = singularValues(plus(w, velocity, h));
      const behind = singularValues(plus(w, velocity, -h));
      velocities.forEach((value, r) =>
        expect(Math.abs((ahead[r]! - behind[r]!) / (2 * h) - value)).toBeLessThan(
          1e-7 * (1 + Math.abs(value)),
        ),
      );
      const loss = (by: number): number => factorizationLoss(plus(w, velocity, by), target);
      expect((loss(h) - loss(-h)) / h).toBeLessThan(0);
    }
  });
});
