import { activationFunctions, type Matrix, random } from "lineament";
import { z } from "zod";
import { claim, verdict, within } from "../claim.ts";
import { dot, gaussianMatrix, rowsOf, spherePoints } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import {
  column,
  hiddenFeatures,
  kernelRegression,
  logSlope,
  rootMeanSquare,
  rowProducts,
  standardDeviation,
} from "../measures/index.ts";
import { kernelModes, reluKernel, trainedOutputAt, trainingCoefficients } from "../predictions/index.ts";

const settings = z.object({
  samples: z.int().min(10).max(1000).default(100).describe("training points n"),
  dimension: z.int().min(2).max(200).default(20).describe("input dimension d"),
  ridge: z.number().min(1e-6).max(100).default(0.05).describe("λ, added to the kernel matrix"),
  widths: z
    .array(z.int().min(10).max(100_000))
    .min(2)
    .max(8)
    .default([200, 800, 3200])
    .describe("random features N"),
  redraws: z.int().min(1).max(50).default(5).describe("random networks at each width"),
  testPoints: z.int().min(10).max(2000).default(200).describe("points at which predictions are compared"),
  seed: z.int().min(0).default(0).describe("seed of points and networks"),
});

export default claim({
  code: "LZ-24",
  id: "linearized/random-feature-limit",
  title: "Ridge regression on random features tends to kernel ridge regression",
  statement: String.raw`At a fixed ridge $\lambda>0$, predictions of ridge regression on $N$ random ReLU features differ from those of kernel ridge
    regression with the limit kernel $\mathbb E[\mathrm{ReLU}(u)\,\mathrm{ReLU}(v)]$ by an amount proportional to $N^{-1/2}$.`,
  source: "Rahimi & Recht 2007; Lecture 11: Linearized Networks, §1",
  status: "checked",
  seconds: 1,
  settings,
  full: { widths: [200, 800, 3200, 12_800] },

  predict(chosen) {
    const { x, test, targets } = data(chosen);
    const [rows, testRows] = [rowsOf(x), rowsOf(test)];
    const kernel = (a: readonly number[], b: readonly number[]): number => {
      const d = a.length;
      return reluKernel(dot(a, a) / d, dot(b, b) / d, dot(a, b) / d);
    };
    const modes = kernelModes(rows.map((row) => rows.map((other) => kernel(row, other))));
    const coefficients = trainingCoefficients(
      modes,
      Array.from(targets),
      (lambda) => 1 / (lambda + chosen.ridge),
    );
    return {
      exponent: -1 / 2,
      outputs: testRows.map((row) =>
        trainedOutputAt(
          rows.map((other) => kernel(row, other)),
          0,
          coefficients,
        ),
      ),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const { dimension: d, widths, redraws, ridge, seed } = chosen;
    const { x, test, targets } = data(chosen);
    const generator = random(seed + 1);
    const { value } = activationFunctions({ name: "relu" });
    const outputs: number[][][] = [];
    for (const [at, width] of widths.entries()) {
      const runs: number[][] = [];
      for (let redraw = 0; redraw < redraws; redraw++) {
        signal.throwIfAborted();
        const weights = gaussianMatrix(width, d, generator, { std: 1 / Math.sqrt(d) });
        const scale = 1 / Math.sqrt(width);
        const features = await hiddenFeatures(engine, x, weights, value, scale);
        const newFeatures = await hiddenFeatures(engine, test, weights, value, scale);
        const predictions = await kernelRegression(engine, {
          kernel: await rowProducts(engine, features),
          cross: await rowProducts(engine, newFeatures, features),
          targets: column(targets),
          ridge,
        });
        runs.push(Array.from(predictions.data));
      }
      outputs.push(runs);
      progress((at + 1) / widths.length, `N = ${width}`);
    }
    return { outputs };
  },

  judge(predicted, measured, { widths }) {
    const gaps = differences(predicted.outputs, measured.outputs).map((runs) => rootMeanSquare(runs));
    return verdict([
      within(
        `slope of ln(rms difference of predictions) against ln N, N = ${widths[0]} … ${widths.at(-1)}`,
        logSlope(widths.map((x, i) => ({ x, y: gaps[i]! }))),
        -0.58,
        -0.4,
        predicted.exponent,
      ),
    ]);
  },

  figures(predicted, measured, { widths, redraws, ridge }) {
    const runs = differences(predicted.outputs, measured.outputs);
    const gaps = runs.map((run) => rootMeanSquare(run));
    // Through the middle of the measured points: the exponent is predicted, the constant is not.
    const middle = Math.exp(
      widths.reduce((sum, width, i) => sum + Math.log(gaps[i]! * Math.sqrt(width)), 0) / widths.length,
    );
    return [
      {
        name: "difference",
        title: "Random features against their kernel",
        caption: String.raw`Root mean square difference of test predictions over ${redraws} networks, bars: standard deviation between networks;
          $\lambda=${ridge}$. The line has the predicted slope $-\frac12$; its height is fitted.`,
        spec: curves({
          x: { title: "random features N", scale: "log" },
          y: { title: "rms difference of predictions (labels are ±1)", scale: "log" },
          series: [
            {
              label: "slope −1/2",
              role: "prediction",
              points: widths.map((x) => ({ x, y: middle / Math.sqrt(x) })),
            },
            {
              label: `${redraws} networks`,
              role: "measurement",
              points: widths.map((x, i) => ({ x, y: gaps[i]!, error: standardDeviation(runs[i]!) })),
            },
          ],
        }),
      },
    ];
  },
});

/** Points on the sphere with the sign of their first coordinate. */
function data({ samples, dimension, testPoints, seed }: z.output<typeof settings>): {
  readonly x: Matrix<Float64Array>;
  readonly test: Matrix<Float64Array>;
  readonly targets: Float64Array;
} {
  const generator = random(seed);
  const x = spherePoints(samples, dimension, generator);
  return {
    x,
    test: spherePoints(testPoints, dimension, generator),
    targets: Float64Array.from({ length: samples }, (_, i) => Math.sign(x.data[i * dimension]!)),
  };
}

/** Root mean square difference of each network, by width. */
function differences(
  limit: readonly number[],
  outputs: readonly (readonly (readonly number[])[])[],
): number[][] {
  return outputs.map((runs) => runs.map((run) => rootMeanSquare(run.map((value, i) => value - limit[i]!))));
}
