import fc from "fast-check";
import { random } from "lineament";
import { describe, expect, it } from "vitest";
import { corruptedSigns, dot, gaussianMatrix, rowsOf, spherePoints } from "../../src/data/index.ts";
import {
  activeEigenvalueEdge,
  cosKernel,
  curvatureBound,
  descentFilter,
  expectedDifficulty,
  flowFilter,
  jacobianLipschitz,
  kernelModes,
  labelDifficulty,
  lazyTheorem,
  marchenkoPasturEdge,
  memorizationError,
  neuronRate,
  neuronSamplesNeeded,
  populationOfNeuron,
  reluConvergenceBounds,
  reluTangentGram,
  ridgeCoefficients,
  slowestModeBound,
  stepKernel,
  tangentGram,
  trainedOutputAt,
  trainedOutputs,
  trainingCoefficients,
  trainingLoss,
} from "../../src/predictions/index.ts";
import { expectVector, vector } from "../vectors/vector.ts";

describe("linearized dynamics", () => {
  interface Flow {
    K: number[][];
    y: number[];
    f0: number[];
    t: number[];
    kx: number[];
    fx0: number;
    gdSteps: number[];
    eta: number;
  }

  it("agree with LZ-V18: flow, flow at a new point, gradient descent", () => {
    const one = vector<Flow>("LZ-V18");
    const { K, y, f0, t, kx, fx0, gdSteps, eta } = one.inputs;
    const modes = kernelModes(K);
    const residual = y.map((value, i) => value - f0[i]!);
    expectVector(one, {
      flow: t.map((time) => trainedOutputs(modes, y, f0, flowFilter(time))),
      flowAtX: t.map((time) =>
        trainedOutputAt(kx, fx0, trainingCoefficients(modes, residual, flowFilter(time))),
      ),
      gd: gdSteps.map((steps) => trainedOutputs(modes, y, f0, descentFilter(eta, steps))),
    });
  });

  it("agree with LZ-V27: loss by modes, difficulty of labels", () => {
    const one = vector<Pick<Flow, "K" | "y" | "t">>("LZ-V27");
    const modes = kernelModes(one.inputs.K);
    expectVector(one, {
      loss: one.inputs.t.map((time) => trainingLoss(modes, one.inputs.y, flowFilter(time))),
      complexity: labelDifficulty(modes, one.inputs.y),
    });
  });

  it("end at the interpolant, and move as t for modes without eigenvalue", () => {
    const modes = kernelModes([
      [2, 1],
      [1, 2],
    ]);
    trainedOutputs(modes, [1, -3], [0.5, 0.5], flowFilter(Infinity)).forEach((value, i) =>
      expect(value).toBeCloseTo([1, -3][i]!, 12),
    );
    expect(flowFilter(7)(0)).toBe(7);
    expect(flowFilter(7)(1e-12)).toBeCloseTo(7, 9);
    expect(flowFilter(Infinity)(0)).toBe(0);
    expect(descentFilter(0.1, 30)(0)).toBeCloseTo(3, 14);
  });

  it("lose no slower than the slowest mode", () => {
    const one = vector<Flow>("LZ-V18");
    const modes = kernelModes(one.inputs.K);
    fc.assert(
      fc.property(
        fc.tuple(...one.inputs.y.map(() => fc.double({ min: -5, max: 5, noNaN: true }))),
        fc.double({ min: 0, max: 20, noNaN: true }),
        (residual, t) => {
          const loss = trainingLoss(modes, residual, flowFilter(t));
          expect(loss).toBeLessThanOrEqual(slowestModeBound(modes, residual, t) * (1 + 1e-9) + 1e-28);
        },
      ),
    );
  });
});

describe("ridge regression", () => {
  interface Ridge {
    Phi: number[][];
    y: number[];
    lambda: number;
  }

  it("agrees with LZ-V17", () => {
    const one = vector<Ridge>("LZ-V17");
    const { Phi, y, lambda } = one.inputs;
    expectVector(one, { b: ridgeCoefficients(Phi, y, lambda), minNorm: ridgeCoefficients(Phi, y, 0) });
  });

  it("tends to the interpolant of minimum norm", () => {
    const { Phi, y } = vector<Ridge>("LZ-V17").inputs;
    const limit = ridgeCoefficients(Phi, y, 0);
    ridgeCoefficients(Phi, y, 1e-9).forEach((value, i) => expect(value).toBeCloseTo(limit[i]!, 6));
    expect(() => ridgeCoefficients(Phi, y, -1)).toThrow(/ridge -1/);
  });
});

describe("the difficulty of corrupted labels", () => {
  it("is on average that of many corruptions", () => {
    const generator = random(5);
    const a = rowsOf(gaussianMatrix(6, 12, generator));
    const modes = kernelModes(a.map((row) => a.map((other) => dot(row, other))));
    const labels = [1, 1, -1, 1, -1, -1];
    for (const fraction of [0, 0.4, 1]) {
      const squares = Array.from({ length: 20_000 }, () => {
        const corrupted = corruptedSigns(Float64Array.from(labels), fraction, generator);
        return labelDifficulty(modes, Array.from(corrupted)) ** 2;
      });
      const mean = squares.reduce((sum, square) => sum + square, 0) / squares.length;
      const deviation = Math.sqrt(
        squares.reduce((sum, square) => sum + (square - mean) ** 2, 0) / squares.length,
      );
      const error = Math.abs(mean - expectedDifficulty(modes, labels, fraction) ** 2);
      expect(error).toBeLessThan((4 * deviation) / Math.sqrt(squares.length) + 1e-12);
    }
  });
});

describe("one neuron", () => {
  it("agrees with LZ-V19: gradient and loss at infinitely many samples", () => {
    const one = vector<{ w: number[]; wStar: number[] }>("LZ-V19");
    const { gradient: grad, loss } = populationOfNeuron(one.inputs.w, one.inputs.wStar);
    expectVector(one, { grad, loss });
  });

  it("has the gradient of its loss, and neither at the teacher", () => {
    const teacher = [0.6, -0.8, 0.3];
    const w = [0.2, 0.5, -0.7];
    const h = 1e-5;
    populationOfNeuron(w, teacher).gradient.forEach((slope, j) => {
      const at = (shift: number): number =>
        populationOfNeuron(
          w.map((value, i) => (i === j ? value + shift : value)),
          teacher,
        ).loss;
      expect(slope).toBeCloseTo((at(h) - at(-h)) / (2 * h), 9);
    });
    const { gradient, loss } = populationOfNeuron(teacher, teacher);
    expect(Math.abs(loss)).toBeLessThan(1e-15);
    expect(Math.hypot(...gradient)).toBeLessThan(1e-15);
    expect(() => populationOfNeuron([0, 0, 0], teacher)).toThrow(RangeError);
  });

  it("converges at the rate of its least active direction", () => {
    // Four samples, all active, with covariance diag(1, 1/2).
    const samples = [
      [1, Math.SQRT1_2],
      [1, -Math.SQRT1_2],
      [1, Math.SQRT1_2],
      [1, -Math.SQRT1_2],
    ];
    expect(neuronRate(samples, [1, 0], 1)).toBeCloseTo(Math.log(1 / 2), 12);
    expect(neuronRate(samples, [-1, 0], 1)).toBe(0);
    expect(activeEigenvalueEdge(100, 50)).toBe(0);
    expect(activeEigenvalueEdge(800, 100)).toBeCloseTo(0.125, 14);
  });

  it("needs so many samples that its rate suffices", () => {
    const ratio = neuronSamplesNeeded(1e-5, 1, 600);
    const rate = Math.log1p(-activeEigenvalueEdge(1000 * ratio, 1000));
    expect(600 * rate).toBeCloseTo(Math.log(1e-5), 10);
    // The population's rate is ln(1/2) a step.
    expect(neuronSamplesNeeded(1e-5, 1, 10)).toBe(Infinity);
  });
});

describe("bounds of lazy training", () => {
  it("agree with LZ-V21", () => {
    interface Lazy {
      sigmaMin: number;
      sigmaMax: number;
      beta: number;
      L0: number;
      gamma: number;
      t: number[];
    }
    const one = vector<Lazy>("LZ-V21");
    const { L0: startLoss, t, ...constants } = one.inputs;
    const bounds = lazyTheorem({ ...constants, startLoss });
    expectVector(one, {
      gammaMin: bounds.leastGamma,
      radius: bounds.radius,
      lossBound: t.map((time) => bounds.loss(time)),
      linearLossBound: t.map((time) => bounds.linearizedLoss(time)),
    });
    expect(bounds.applies).toBe(true);
    expect(bounds.ratio / Math.sqrt(288)).toBeCloseTo(40 / bounds.leastGamma, 12);
    expect(() => lazyTheorem({ ...constants, startLoss, sigmaMin: 0 })).toThrow(/give 0 < σ_min/);
  });

  it("agree with LZ-V20: largest curvature of activations", () => {
    const one = vector<{ activations: (keyof typeof curvatureBound)[] }>("LZ-V20");
    expectVector(
      one,
      one.inputs.activations.map((name) => curvatureBound[name]),
    );
  });

  it("agree with LZ-V26: Lipschitz constant of the Jacobian", () => {
    const one = vector<{ X: number[][]; sup2: number; maxAbsA: number }>("LZ-V26");
    const { spectral, frobenius } = jacobianLipschitz(one.inputs.X, one.inputs.sup2, one.inputs.maxAbsA);
    expectVector(one, { betaSpectral: spectral, betaFrobenius: frobenius });
    expect(spectral).toBeLessThan(frobenius);
  });

  it("have as limit of squared singular values the Gram matrix of slopes", () => {
    const x = spherePoints(4, 6, random(3));
    const weights = gaussianMatrix(40_000, 6, random(4), { std: 1 / Math.sqrt(6) });
    const rows = rowsOf(x);
    const slopes = rowsOf(weights).map((w) => rows.map((row) => Math.cos(dot(w, row))));
    tangentGram(rows, cosKernel).forEach((entries, i) =>
      entries.forEach((entry, j) => {
        const sum = slopes.reduce((total, slope) => total + slope[i]! * slope[j]!, 0);
        // Standard deviations are at most 6 · 0.5 / √40000.
        expect(Math.abs((dot(rows[i]!, rows[j]!) * sum) / slopes.length - entry)).toBeLessThan(0.06);
      }),
    );
    // ReLU's slopes do not know the length of the weights.
    const gram = tangentGram(rows, stepKernel);
    reluTangentGram(rows).forEach((entries, i) =>
      entries.forEach((entry, j) => expect(gram[i]![j]!).toBeCloseTo(entry, 13)),
    );
  });

  it("fall geometrically for wide ReLU layers, from the loss at the start", () => {
    const bounds = reluConvergenceBounds({ lambda0: 0.2, step: 0.5, n: 25, width: 100, startResidual: 3 });
    expect(bounds.squaredResidual(0)).toBe(9);
    expect(bounds.squaredResidual(2)).toBeCloseTo(9 * 0.95 ** 2, 14);
    expect(bounds.movement).toBeCloseTo(30, 12);
  });
});

describe("counting parameters", () => {
  it("gives the Marchenko–Pastur edge and the error of memorization", () => {
    expect(marchenkoPasturEdge(0.25)).toBe(1.25);
    expect(() => marchenkoPasturEdge(-1)).toThrow(RangeError);
    expect([40, 300, 600].map((features) => memorizationError(features, 300))).toEqual([1 - 40 / 300, 0, 0]);
  });
});
