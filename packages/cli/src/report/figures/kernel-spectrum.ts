import { formatNumber } from "../numbers.ts";
import type { Diagnosis } from "../report-data.ts";
import { type Figure, layersIf, type Position } from "../picture.ts";
import { colors } from "../theme.ts";
import { logarithmicTicks } from "./axis.ts";

/** Eigenvalues against their rank, both logarithmic, and the power law of the kernel's own. */
export function kernelSpectrum({ spectrum, rows }: Diagnosis): Figure {
  const { eigenvalues, decay, amplitude } = spectrum;
  const values = drawnEigenvalues(eigenvalues);
  const least = Math.min(...values.map(({ value }) => value));
  const most = Math.max(...values.map(({ value }) => value));
  const law =
    decay === undefined || amplitude === undefined || !Number.isFinite(decay * amplitude)
      ? []
      : Array.from({ length: 20 }, (_, i) => rows ** (i / 19)).map((rank) => ({
          rank,
          value: amplitude * rank ** -decay,
        }));
  const ranks: [number, number] = [1, Math.max(2, rows)];
  const domain: [number, number] = [least / 1.3, most * 1.5];
  const x: Position = {
    field: "rank",
    type: "quantitative",
    title: "rank",
    scale: { type: "log", nice: false, domain: ranks },
    axis: { values: logarithmicTicks(ranks), format: ",~r" },
  };
  const y: Position = {
    field: "value",
    type: "quantitative",
    title: "eigenvalue of K/n",
    scale: { type: "log", nice: false, domain },
    axis: { values: logarithmicTicks(domain), format: "~e" },
  };
  return {
    width: 340,
    height: 240,
    encoding: { x, y },
    layer: [
      {
        data: { values: values.map((one) => ({ ...one, note: `${one.rank}: ${formatNumber(one.value)}` })) },
        mark: { type: "point", filled: true, color: colors.ink, size: 14, opacity: 0.8 },
        encoding: { description: { field: "note" } },
      },
      ...layersIf(law.length > 0, {
        data: { values: law },
        mark: { type: "line", color: colors.accent, clip: true, aria: false },
      }),
    ],
  };
}

/** The eigenvalues that have a place on logarithmic axes. */
export function drawnEigenvalues(
  eigenvalues: Diagnosis["spectrum"]["eigenvalues"],
): Diagnosis["spectrum"]["eigenvalues"] {
  return eigenvalues.filter(({ rank, value }) => rank >= 1 && value > 0 && value < Infinity);
}
