import fc from "fast-check";
import { random } from "lineament";
import { inverse, Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import {
  distanceToRankOf,
  effectiveRankOf,
  endToEndFlow,
  escapeTime,
  escapeTimeLaw,
  factorizationGradient,
  factorizationNorm,
  integrate,
  linearNeuronAt,
  neuronTangentKernel,
  schattenNormOf,
  singularValueAt,
  singularValues,
  singularValueTime,
  stableRankOf,
  tangentKernelChange,
  type Tensor,
  tensorComponentVelocity,
} from "../../../src/predictions/index.ts";
import { expectVector, vector } from "../../vectors/vector.ts";
import { balancedLayers, gaussianRows, rotation, sumOfSquares } from "./layers.ts";

describe("trajectories of singular values", () => {
  interface Trajectory {
    n: number;
    sigma0: number;
    phi: number;
    sigma: number[];
    t: number[];
  }

  it.each(["LN-V08-n1", "LN-V08-n2", "LN-V08-n3", "LN-V08-n4"])("agree with %s: times of values", (id) => {
    const one = vector<Trajectory>(id);
    const { n: depth, sigma0: start, phi: target, sigma } = one.inputs;
    expectVector(
      one,
      sigma.map((value) => singularValueTime({ depth, start, target }, value)),
    );
  });

  it.each(["LN-V09-n2", "LN-V09-n3", "LN-V09-n4"])("agree with %s: values at times", (id) => {
    const one = vector<Trajectory>(id);
    const { n: depth, sigma0: start, phi: target, t } = one.inputs;
    expectVector(
      one,
      t.map((time) => singularValueAt({ depth, start, target }, time)),
    );
  });

  it("agree with LN-V10: time to half of the target", () => {
    const one = vector<{ cases: [number, number, number][] }>("LN-V10");
    expectVector(
      one,
      one.inputs.cases.map((given) => escapeTime(...given)),
    );
  });

  it("have the closed forms of LN-17 for one to four layers", () => {
    const phi = 2.3;
    const forms: readonly ((sigma: number) => number)[] = [
      (sigma) => -Math.log(phi - sigma),
      (sigma) => Math.log(sigma / (phi - sigma)) / (2 * phi),
      (sigma) => {
        const [a, x] = [Math.cbrt(phi), Math.cbrt(sigma)];
        const logs = -Math.log(a - x) / 3 + Math.log(x ** 2 + a * x + a ** 2) / 6;
        return (-1 / x + (logs - Math.atan((2 * x + a) / (Math.sqrt(3) * a)) / Math.sqrt(3)) / a) / a ** 3;
      },
      (sigma) => {
        const [b, y] = [Math.sqrt(phi), Math.sqrt(sigma)];
        return (-1 / y + Math.atanh(y / b) / b) / (2 * phi);
      },
    ];
    forms.forEach((form, i) => {
      for (const sigma of [0.04, 0.5, 1.7, 2.2]) {
        const time = singularValueTime({ depth: i + 1, start: 0.03, target: phi }, sigma);
        expect(time / (form(sigma) - form(0.03))).toBeCloseTo(1, 11);
      }
    });
  });

  it("solve their equation at every depth, from below, from above, and with a target of 0 or below", () => {
    for (const depth of [1, 2, 3, 4, 5, 8])
      for (const [start, target] of [
        [0.05, 1.7],
        [3, 1.7],
        [1, 0],
        [1, -0.5],
      ] as const) {
        const times = [0, 0.4, 1, 5];
        const solved = integrate(
          ([sigma]) => [depth * Math.abs(sigma!) ** (2 - 2 / depth) * (target - sigma!)],
          [start],
          times,
        );
        times.forEach((t, i) => {
          const value = singularValueAt({ depth, start, target }, t);
          expect(Math.abs(value - solved[i]![0]!)).toBeLessThan(1e-9);
          // Near the limit, values close to each other are far apart in time.
          if (Math.abs(value - Math.max(0, target)) > 1e-2 && value !== start)
            expect(singularValueTime({ depth, start, target }, value)).toBeCloseTo(t, 9);
        });
      }
  });

  it("are those of a matrix that starts in the basis of its target", () => {
    const basis = rotation(3, random(2));
    const target = basis
      .mmul(Matrix.diag([3, 2, 1]))
      .mmul(basis.transpose())
      .to2DArray();
    const start = Matrix.eye(3, 3, 0.01).to2DArray();
    for (const depth of [2, 3]) {
      const times = [0.5, 1, 3];
      endToEndFlow({ start, depth, gradientOf: factorizationGradient(target) }, times).forEach((w, i) =>
        singularValues(w).forEach((value, r) =>
          expect(value).toBeCloseTo(singularValueAt({ depth, start: 0.01, target: 3 - r }, times[i]!), 7),
        ),
      );
    }
  });

  it("reach their limit, rest at 0, and say what they never reach", () => {
    expect(singularValueAt({ depth: 3, start: 0.1, target: 2 }, Infinity)).toBe(2);
    expect(singularValueAt({ depth: 3, start: 0.1, target: 2 }, 1e6)).toBeCloseTo(2, 14);
    expect(singularValueAt({ depth: 2, start: 0.1, target: -2 }, Infinity)).toBe(0);
    expect(singularValueAt({ depth: 2, start: 0, target: 2 }, 7)).toBe(0);
    expect(singularValueAt({ depth: 1, start: 0, target: 2 }, 1)).toBeCloseTo(2 - 2 / Math.E, 14);
    expect(singularValueTime({ depth: 2, start: 0.1, target: 2 }, 2)).toBe(Infinity);
    expect(singularValueTime({ depth: 2, start: 0, target: 2 }, 1)).toBe(Infinity);
    expect(() => singularValueTime({ depth: 2, start: 0.1, target: 2 }, 3)).toThrow(/never at 3/);
    expect(() => singularValueTime({ depth: 2, start: 0.1, target: 2 }, 0.05)).toThrow(RangeError);
    expect(() => singularValueAt({ depth: 2, start: -0.1, target: 2 }, 1)).toThrow(/from -0.1 to 2/);
    expect(() => singularValueAt({ depth: 2, start: 0.1, target: 2 }, -1)).toThrow(/time -1/);
  });

  it("appear one after another, at the times of LN-18", () => {
    const table = [
      [2, [0.461, 0.852, 1.565]],
      [3, [0.96, 1.9, 3.749]],
    ] as const;
    for (const [depth, predicted] of table)
      [10, 5, 2.5].forEach((phi, i) =>
        expect(Math.abs(escapeTime(depth, 1e-3, phi) - predicted[i]!)).toBeLessThan(6e-4),
      );
  });

  it("appear when their leading order says, for small starts", () => {
    for (const depth of [2, 3, 4, 6]) {
      const off = (alpha: number): number =>
        Math.abs(escapeTime(depth, alpha, 2) / escapeTimeLaw(depth, alpha, 2) - 1);
      expect(off(1e-12)).toBeLessThan(0.03);
      expect(off(1e-12)).toBeLessThan(off(1e-4));
    }
    expect(() => escapeTimeLaw(1, 0.1, 1)).toThrow(/depth 1/);
  });
});

describe("measures of rank", () => {
  it("agree with LN-V13: effective rank", () => {
    const one = vector<{ matrices: number[][][] }>("LN-V13");
    expectVector(
      one,
      one.inputs.matrices.map((matrix) => effectiveRankOf(singularValues(matrix))),
    );
  });

  it("are the rank for equal singular values, and otherwise between 1 and it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 9 }),
        (values) => {
          const padded = [...values, 0, 0];
          for (const measure of [effectiveRankOf, stableRankOf]) {
            expect(measure(padded)).toBeGreaterThan(1 - 1e-12);
            expect(measure(padded)).toBeLessThan(values.length + 1e-9);
            expect(measure(padded.map((value) => 3 * value))).toBeCloseTo(measure(padded), 9);
            expect(measure(values.map(() => 0.7))).toBeCloseTo(values.length, 11);
          }
        },
      ),
    );
    expect([effectiveRankOf([0, 0]), stableRankOf([0, 0])]).toEqual([0, 0]);
    // The truth of LN-18.
    expect(effectiveRankOf([10, 5, 2.5])).toBeCloseTo(2.6, 2);
  });

  it("have norms that are sums, largest entries and distances", () => {
    expect(schattenNormOf([3, 4, 0], 2)).toBeCloseTo(5, 14);
    expect(schattenNormOf([3, 4, 0], 1)).toBe(7);
    expect(schattenNormOf([4, 1], 0.5)).toBeCloseTo(9, 13);
    expect([0, 2, 3, 4].map((rank) => distanceToRankOf([2, 6, 3], rank))).toEqual([7, 2, 0, 0]);
  });
});

describe("the factorization norm", () => {
  it("agrees with LN-V24", () => {
    const one = vector<{ singularValues: number[]; n: number[] }>("LN-V24");
    expectVector(
      one,
      one.inputs.n.map((depth) => factorizationNorm(one.inputs.singularValues, depth)),
    );
  });

  it("is the least of all factorizations, that of balanced layers", () => {
    const generator = random(4);
    const w = gaussianRows(4, 4, generator);
    const total = (layers: readonly (readonly (readonly number[])[])[]): number =>
      layers.reduce((sum, layer) => sum + sumOfSquares(layer), 0);
    for (const depth of [1, 2, 3, 4]) {
      const least = factorizationNorm(singularValues(w), depth);
      const balanced = balancedLayers(w, depth, depth);
      expect(total(balanced) / least).toBeCloseTo(1, 13);
      for (let draw = 0; draw < 200; draw++) {
        const layers = balanced.map((layer) => new Matrix(layer));
        for (let j = 0; j + 1 < depth; j++) {
          const change = new Matrix(gaussianRows(5, 5, generator, 0.3)).add(Matrix.eye(5));
          layers[j] = change.mmul(layers[j]!);
          layers[j + 1] = layers[j + 1]!.mmul(inverse(change));
        }
        expect(total(layers.map((layer) => layer.to2DArray()))).toBeGreaterThan(least * (1 - 1e-12));
      }
    }
  });
});

describe("the linear neuron", () => {
  it("agrees with LN-V11", () => {
    const one = vector<{ delta: number[]; w0: number; phi: number; t: number[] }>("LN-V11");
    const { delta, w0: start, phi: target, t } = one.inputs;
    expectVector(
      one,
      delta.map((imbalance) => t.map((time) => linearNeuronAt({ imbalance, start, target }, time))),
    );
  });

  it("moves as its two weights do, and keeps a² − b²", () => {
    for (const [a, b, target] of [
      [1.1, 0.4, 1.5],
      [0.3, -0.9, 1.5],
      [2, 1, -0.7],
      [0.6, -0.6, 1],
      [0.6, 0.6, -1],
      [3, 1, 0.5],
    ] as const) {
      const times = [0, 0.1, 0.5, 2, 6];
      const weights = integrate(
        ([x, y]) => [-(x! * y! - target) * y!, -(x! * y! - target) * x!],
        [a, b],
        times,
      );
      const imbalance = a ** 2 - b ** 2;
      times.forEach((t, i) => {
        const [x, y] = weights[i] as [number, number];
        const w = linearNeuronAt({ imbalance, start: a * b, target }, t);
        expect(Math.abs(w - x * y)).toBeLessThan(1e-9);
        expect(neuronTangentKernel(imbalance, w)).toBeCloseTo(x ** 2 + y ** 2, 8);
      });
    }
  });

  it("is lazy for large imbalance, rich for small, and stays put at its target", () => {
    const lazy = { imbalance: 400, start: 0, target: 1.5 };
    expect(linearNeuronAt(lazy, 1 / 400)).toBeCloseTo(1.5 * (1 - 1 / Math.E), 4);
    const nearly = linearNeuronAt({ imbalance: 1e-9, start: 0.1, target: 1.5 }, 1);
    expect(nearly).toBeCloseTo(linearNeuronAt({ imbalance: 0, start: 0.1, target: 1.5 }, 1), 8);
    expect(linearNeuronAt({ imbalance: 0.3, start: 1.5, target: 1.5 }, 4)).toBe(1.5);
    expect(linearNeuronAt({ imbalance: 0.3, start: 0, target: 1.5 }, 1e6)).toBeCloseTo(1.5, 14);
    expect(tangentKernelChange(400, 1.5)).toBeCloseTo((2 * 1.5 ** 2) / 400 ** 2, 8);
    expect(tangentKernelChange(3, 2)).toBeCloseTo(5 / 3 - 1, 14);
  });
});

describe("components of a tensor", () => {
  interface Components {
    factors: number[][][];
    gradTensor: number[][][];
  }

  it("agree with LN-V33", () => {
    const one = vector<Components>("LN-V33");
    const { norms: norm, velocities: velocity } = tensorComponentVelocity(
      one.inputs.factors,
      one.inputs.gradTensor,
    );
    expectVector(one, { norm, velocity });
  });

  it("move as their factors do", () => {
    const { factors, gradTensor } = vector<Components>("LN-V33").inputs;
    const { velocities } = tensorComponentVelocity(factors, gradTensor);
    const h = 1e-6;
    velocities.forEach((velocity, r) => {
      const [a, b, c] = factors.map((mode) => mode[r]!) as [number[], number[], number[]];
      const slopes = [a.map(() => 0), b.map(() => 0), c.map(() => 0)] as const;
      gradTensor.forEach((plane, i) =>
        plane.forEach((row, j) =>
          row.forEach((g, k) => {
            slopes[0][i]! += g * b[j]! * c[k]!;
            slopes[1][j]! += g * a[i]! * c[k]!;
            slopes[2][k]! += g * a[i]! * b[j]!;
          }),
        ),
      );
      const norm = (by: number): number =>
        [a, b, c].reduce(
          (product, vector, mode) =>
            product * Math.hypot(...vector.map((x, i) => x - by * slopes[mode]![i]!)),
          1,
        );
      expect((norm(h) - norm(-h)) / (2 * h)).toBeCloseTo(velocity, 8);
    });
  });

  it("obey the law of singular values for order two, and of numbers for order one", () => {
    const gradient: Tensor = [
      [1, 2],
      [0.5, -1],
    ];
    const { norms, velocities } = tensorComponentVelocity([[[0, 2]], [[2, 0]]], gradient);
    expect([norms[0], velocities[0]]).toEqual([4, -2 * 4 * 0.5]);
    expect(tensorComponentVelocity([[[3, 4]]], [1, 1]).velocities[0]).toBeCloseTo(-7 / 5, 14);
    expect(tensorComponentVelocity([[[0, 0]], [[1, 1]]], gradient).velocities[0]).toBeCloseTo(0, 14);
  });
});
