import { expect, test } from "vitest";
import { logarithmicTicks } from "../../src/report/figures/axis.ts";
import { confusionHeatMap } from "../../src/report/figures/confusion-heat-map.ts";
import { explainedTrace } from "../../src/report/figures/explained-trace.ts";
import { gradientHeatMap } from "../../src/report/figures/gradient-heat-map.ts";
import { importanceBars } from "../../src/report/figures/importance-bars.ts";
import { interactionBars } from "../../src/report/figures/interaction-bars.ts";
import { kernelSpectrum } from "../../src/report/figures/kernel-spectrum.ts";
import { learningCurve } from "../../src/report/figures/learning-curve.ts";
import { lossByRound } from "../../src/report/figures/loss-by-round.ts";
import { partialDependenceCurve } from "../../src/report/figures/partial-dependence-curve.ts";
import { predictedActual } from "../../src/report/figures/predicted-actual.ts";
import { reliabilityCurve } from "../../src/report/figures/reliability-curve.ts";
import { scoreBars } from "../../src/report/figures/score-bars.ts";
import { type Figure, type FigureLog, figureSvg } from "../../src/report/picture.ts";
import { classReport, regressionReport } from "./example-data.ts";

const numbers = regressionReport();
const classes = classReport(["A", "B", "C"]);
const frame = { domain: [0, 1], title: "probability", probability: true, leading: ["A", "C"] } as const;

const figures: readonly (readonly [string, Figure])[] = [
  ["scores", scoreBars(numbers.scores.test!, "MPa")],
  ["importances", importanceBars(numbers.importances!)],
  ["gradients", gradientHeatMap(numbers.agop!)],
  ["spectrum", explainedTrace(numbers.spectrum!)],
  ["the learning curve", learningCurve(numbers.diagnosis!)],
  ["eigenvalues", kernelSpectrum(numbers.diagnosis!)],
  ["losses", lossByRound(numbers.validationCurve!)],
  ["predictions", predictedActual(numbers.predictions![0]!, "strength", "MPa")],
  ["interactions", interactionBars(numbers.interactions!)],
  ["confusion", confusionHeatMap(classes.confusion!, classes.classes!)],
  ["reliability", reliabilityCurve(classes.reliability!)],
  ...numbers.partialDependence!.columns.map(
    (part) =>
      [
        `along a ${part.kind}`,
        partialDependenceCurve(part, { ...frame, domain: [20, 70], probability: false }),
      ] as const,
  ),
  ...classes.partialDependence!.columns.map(
    (part) => [`of classes along a ${part.kind}`, partialDependenceCurve(part, frame)] as const,
  ),
];

test.each(figures)("the figure of %s is drawn without a warning", async (_, figure) => {
  const log: FigureLog = { warnings: [] };
  const svg = await figureSvg(figure, log);
  expect(log.warnings).toEqual([]);
  expect(svg).toMatch(/^<svg/);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

test.each(figures)("the figure of %s is JSON", (_, figure) => {
  expect(JSON.parse(JSON.stringify(figure))).toEqual(figure);
});

test("ticks of logarithmic axes are round numbers, neither few nor many", () => {
  expect(logarithmicTicks([0.07, 0.4])).toEqual([0.07, 0.1, 0.15, 0.2, 0.3]);
  expect(logarithmicTicks([90, 3300])).toEqual([100, 200, 500, 1000, 2000]);
  expect(logarithmicTicks([1e-5, 0.5])).toEqual([1e-5, 1e-4, 1e-3, 0.01, 0.1]);
  expect(logarithmicTicks([1e-14, 2])).toHaveLength(8);
});

test("points outside of their interval are drawn differently", async () => {
  const figure = predictedActual(
    { on: "test", actual: [1, 9], predicted: [1, 1], lower: [0, 0], upper: [2, 2], of: 2 },
    "y",
  );
  expect(JSON.stringify(figure)).toContain('"outside":true');
});

test("cells of the confusion matrix say their share of the class", () => {
  expect(
    JSON.stringify(
      confusionHeatMap(
        {
          on: "test",
          counts: [
            [3, 1],
            [0, 4],
          ],
        },
        ["no", "yes"],
      ),
    ),
  ).toContain("no predicted as yes: 1 of 4 (25.0%)");
});
