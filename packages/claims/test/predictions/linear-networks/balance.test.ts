import { random } from "lineament";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import {
  endToEndMatrix,
  factorizationGradient,
  gaussianStartNorm,
  imbalance,
  imbalanceAfterStep,
  imbalanceDecay,
  imbalanceDriftBound,
  imbalanceSize,
  integrate,
  layerGradients,
  lossVelocity,
  originHessianSpectrum,
  relativeImbalance,
  type Rows,
  signFlipPath,
  singularValues,
  smallStartImbalance,
} from "../../../src/predictions/index.ts";
import { expectVector, vector } from "../../vectors/vector.ts";
import {
  balancedLayers,
  factorizationLoss,
  gaussianRows,
  minus,
  plus,
  randomLayers,
  sumOfSquares,
} from "./layers.ts";

interface Layers {
  weights: number[][][];
  gradEndToEnd: number[][];
  eta: number;
}

const target = gaussianRows(5, 5, random(3));

function lossOf(weights: readonly Rows[], aim: Rows = target): number {
  return factorizationLoss(endToEndMatrix(weights), aim);
}

function gradientsOf(weights: readonly Rows[], aim: Rows = target): number[][][] {
  return layerGradients(weights, factorizationGradient(aim)(endToEndMatrix(weights)));
}

/** Layers to one list of numbers, and back. */
function unflatten(state: readonly number[], like: readonly Rows[]): number[][][] {
  let at = 0;
  return like.map((layer) => layer.map((row) => state.slice(at, (at += row.length))));
}

describe("the overparameterized landscape", () => {
  it.each([2, 3, 4])("is not convex: a hill between two factorizations, depth %d", (depth) => {
    const aim = gaussianRows(3, 4, random(depth));
    const here = balancedLayers(aim, depth, 1);
    const there = here.map((layer, j) => (j >= depth - 2 ? layer.map((row) => row.map((x) => -x)) : layer));
    for (const t of [0, 0.1, 0.5, 0.8, 1]) {
      const between = here.map((layer, j) => plus(layer, minus(there[j]!, layer), t));
      const path = signFlipPath(aim, t);
      expect(sumOfSquares(minus(endToEndMatrix(between), path))).toBeLessThan(1e-24);
    }
    expect(factorizationLoss(signFlipPath(aim, 0.5), aim)).toBeCloseTo(sumOfSquares(aim) / 2, 14);
  });

  it.each([2, 3])("has the Hessian of the formula at 0, depth %d", (depth) => {
    const aim = gaussianRows(3, 4, random(8));
    const widths = [4, ...Array.from({ length: depth - 1 }, () => 3), 3];
    const zeros = randomLayers(widths, 1, 0);
    const parameters = zeros.flat(2).length;
    const h = 1e-3;
    const loss = (i: number, a: number, j: number, b: number): number => {
      const state = zeros.flat(2);
      state[i]! += a;
      state[j]! += b;
      return lossOf(unflatten(state, zeros), aim);
    };
    const hessian = Matrix.zeros(parameters, parameters);
    for (let i = 0; i < parameters; i++)
      for (let j = 0; j <= i; j++) {
        const value =
          (loss(i, h, j, h) - loss(i, h, j, -h) - loss(i, -h, j, h) + loss(i, -h, j, -h)) / (4 * h ** 2);
        hessian.set(i, j, value).set(j, i, value);
      }
    const { realEigenvalues } = new EigenvalueDecomposition(hessian, { assumeSymmetric: true });
    const spectrum = originHessianSpectrum(
      aim.map((row) => row.map((x) => -x)),
      widths,
    );
    expect(spectrum).toHaveLength(parameters);
    const measured = realEigenvalues.sort((a, b) => a - b);
    spectrum.forEach((value, i) => expect(Math.abs(measured[i]! - value)).toBeLessThan(1e-5));
    expect(spectrum[0]).toBe(depth === 2 ? -singularValues(aim)[0]! : 0);
  });

  it("refuses widths that do not fit the gradient", () => {
    expect(() => originHessianSpectrum([[1, 2]], [3, 2, 1])).toThrow(/widths 3, 2, 1/);
    expect(() => originHessianSpectrum([[1, 2]], [2, 1])).toThrow(RangeError);
  });
});

describe("gradients of layers", () => {
  it("agree with LN-V01", () => {
    const one = vector<Layers>("LN-V01");
    const { weights, gradEndToEnd } = one.inputs;
    expectVector(one, { product: endToEndMatrix(weights), grads: layerGradients(weights, gradEndToEnd) });
  });

  it("agree with differences of the loss, whose velocity they make", () => {
    const weights = randomLayers([5, 3, 4, 5], 1, 0.5);
    const state = weights.flat(2);
    const gradients = gradientsOf(weights).flat(2);
    const h = 1e-5;
    state.forEach((_, i) => {
      const shifted = (by: number): number => lossOf(unflatten(state.with(i, state[i]! + by), weights));
      expect(Math.abs((shifted(h) - shifted(-h)) / (2 * h) - gradients[i]!)).toBeLessThan(1e-8);
    });
    const moved = (by: number): number =>
      lossOf(
        unflatten(
          state.map((x, i) => x - by * gradients[i]!),
          weights,
        ),
      );
    const velocity = lossVelocity(weights, factorizationGradient(target)(endToEndMatrix(weights)));
    expect((moved(h) - moved(-h)) / (2 * h) / velocity).toBeCloseTo(1, 6);
  });
});

describe("imbalance", () => {
  it("agrees with LN-V02, in both norms", () => {
    const one = vector<Layers>("LN-V02");
    const d = imbalance(one.inputs.weights);
    const sizes = d.map(imbalanceSize);
    expectVector(one, {
      D: d,
      nuclear: sizes.map(({ nuclear }) => nuclear),
      frobenius: sizes.map(({ frobenius }) => frobenius),
    });
    sizes.forEach(({ frobenius, nuclear, spectral }) => {
      expect(spectral).toBeLessThanOrEqual(frobenius);
      expect(frobenius).toBeLessThanOrEqual(nuclear);
    });
  });

  it("agrees with LN-V03 after one step of gradient descent", () => {
    const one = vector<Layers>("LN-V03");
    const { weights, gradEndToEnd, eta } = one.inputs;
    expectVector(one, { D: imbalanceAfterStep(weights, gradEndToEnd, eta) });
    const gradients = layerGradients(weights, gradEndToEnd);
    const stepped = weights.map((weight, j) => plus(weight, gradients[j]!, -eta));
    expectVector(one, { D: imbalance(stepped) });
  });

  it.each([0, 0.3])("is conserved by the flow, up to weight decay %d", (weightDecay) => {
    const start = randomLayers([5, 5, 5, 5], 7, 0.4);
    const velocity = (state: readonly number[]): number[] =>
      gradientsOf(unflatten(state, start))
        .flat(2)
        .map((slope, i) => -slope - weightDecay * state[i]!);
    const [end] = integrate(velocity, start.flat(2), [2]);
    const weights = unflatten(end!, start);
    const before = imbalance(start);
    expect(imbalanceSize(before[0]!).frobenius).toBeGreaterThan(0.5);
    expect(lossOf(weights)).toBeLessThan(0.5 * lossOf(start));
    imbalance(weights).forEach((d, j) => {
      const left = before[j]!.map((row) => row.map((value) => value * imbalanceDecay(weightDecay, 2)));
      expect(Math.sqrt(sumOfSquares(minus(d, left)))).toBeLessThan(1e-9);
    });
  });

  it("drifts by less than its bound, in proportion to the step of gradient descent", () => {
    const start = randomLayers([5, 5, 5, 5], 7, 0.4);
    const drifts = [0.01, 0.005].map((step) => {
      let weights = start;
      for (let k = 0; k < 2 / step; k++) {
        const gradients = gradientsOf(weights);
        weights = weights.map((weight, j) => plus(weight, gradients[j]!, -step));
      }
      const drift = Math.max(
        ...imbalance(weights).map((d, j) => Math.sqrt(sumOfSquares(minus(d, imbalance(start)[j]!)))),
      );
      expect(drift).toBeLessThan(1.1 * imbalanceDriftBound(step, lossOf(start), lossOf(weights)));
      return drift;
    });
    expect(Math.log2(drifts[0]! / drifts[1]!)).toBeCloseTo(1, 1);
  });

  it("is 0 for balanced layers and no larger than ε² for small ones", () => {
    const w = gaussianRows(4, 6, random(2));
    for (const depth of [2, 3, 5])
      for (const d of imbalance(balancedLayers(w, depth, depth)))
        expect(imbalanceSize(d).spectral).toBeLessThan(1e-13);
    const layers = randomLayers([4, 4, 4], 5, 0.1);
    const epsilon = Math.max(...layers.map((layer) => singularValues(layer)[0]!));
    expect(imbalanceSize(imbalance(layers)[0]!).spectral).toBeLessThan(smallStartImbalance(epsilon));
    expect(relativeImbalance(0.1, 9, 2)).toBeCloseTo(0.01 / 9, 15);
  });

  it("starts from the norm of the formula on average, at every depth", () => {
    const [alpha, d, draws] = [0.01, 6, 2000];
    for (const depth of [1, 2, 4]) {
      const generator = random(depth);
      const std = alpha ** (1 / depth) / Math.sqrt(d);
      let squares = 0;
      for (let k = 0; k < draws; k++)
        squares += sumOfSquares(
          endToEndMatrix(Array.from({ length: depth }, () => gaussianRows(d, d, generator, std))),
        );
      // The variance of ‖W‖² is a few times its squared mean over d² at these depths.
      expect(Math.sqrt(squares / draws) / gaussianStartNorm(alpha, d)).toBeCloseTo(1, 1);
    }
  });
});
