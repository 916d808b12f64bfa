import {
  diagnosisCaution,
  moreRowsSentence,
  overfittingSentence,
  spectrumSentence,
} from "../diagnosis-words.ts";
import { drawnEigenvalues, kernelSpectrum } from "../figures/kernel-spectrum.ts";
import { drawnPoints, learningCurve } from "../figures/learning-curve.ts";
import { markup, type Markup } from "../markup.ts";
import { formatCount, formatNumber } from "../numbers.ts";
import { card, frame, more, section } from "../page/card.ts";
import { table } from "../page/table.ts";
import { picture } from "../picture.ts";
import type { Diagnosis } from "../report-data.ts";

/** What more rows would do, and how the machine overfits. */
export async function moreRows(diagnosis: Diagnosis | undefined): Promise<Markup | undefined> {
  if (!diagnosis) return undefined;
  const caution = diagnosisCaution(diagnosis);
  return section(
    "more-rows",
    "What more rows would do",
    markup`Predicted from ${formatCount(diagnosis.rows)} training rows by the eigenframework of kernel ridge regression,
      for the same kernel and ridge (${diagnosis.kernel}, λ = ${formatNumber(diagnosis.ridge)}).${caution === undefined ? "" : ` ${caution}`}`,
    [
      drawnPoints(diagnosis.curve).length > 1 ? await curveCard(diagnosis) : undefined,
      drawnEigenvalues(diagnosis.spectrum.eigenvalues).length > 1 ? await spectrumCard(diagnosis) : undefined,
    ],
  );
}

async function curveCard(diagnosis: Diagnosis): Promise<Markup> {
  const { curve, measured, rows, fitted } = diagnosis;
  const tested = measured.some(({ test }) => test !== undefined);
  const svg = await picture(
    learningCurve(diagnosis),
    "learning-curve",
    `Predicted error from ${formatCount(curve[0]?.rows)} to ${formatCount(curve.at(-1)?.rows)} rows, and measured errors of fits to parts of the rows.`,
  );
  const numbers = table(curve, [
    { title: "rows", numeric: true, cell: (point) => formatCount(point.rows) },
    { title: "predicted", numeric: true, cell: ({ error }) => formatNumber(error) },
    {
      title: "left-out rows",
      numeric: true,
      cell: (point) => formatNumber(measured.find((one) => one.rows === point.rows)?.error),
    },
    ...(tested
      ? [
          {
            title: "test rows",
            numeric: true,
            cell: (point: { readonly rows: number }) =>
              formatNumber(measured.find((one) => one.rows === point.rows)?.test),
          },
        ]
      : []),
    ...(curve.some(({ rmse }) => rmse !== undefined)
      ? [
          {
            title: "RMSE",
            numeric: true,
            cell: ({ rmse }: { readonly rmse?: number | undefined }) => formatNumber(rmse),
          },
        ]
      : []),
  ]);
  return card(
    "Error by number of rows",
    `${moreRowsSentence(diagnosis)} Line: predicted, with a band of two standard errors; dashed where it goes on beyond what ${formatCount(rows)} rows show; upright: the ${formatCount(fitted)} rows that it was fitted on. Points: fits to parts of the rows, on rows left out${tested ? "; diamonds: on test rows" : ""}.`,
    markup`${frame(svg)}${more("Numbers", numbers)}`,
  );
}

async function spectrumCard(diagnosis: Diagnosis): Promise<Markup> {
  const svg = await picture(
    kernelSpectrum(diagnosis),
    "kernel-spectrum",
    `Eigenvalues of the kernel matrix by rank. ${spectrumSentence(diagnosis)}`,
  );
  const { kind } = diagnosis.overfitting.withRidge;
  return card(
    `Its overfitting is ${kind}`,
    `${overfittingSentence(diagnosis)} ${spectrumSentence(diagnosis)} Points: eigenvalues of the kernel matrix of these rows, whose end is bent by sampling${diagnosis.spectrum.decay === undefined ? "" : "; line: the power law of the kernel itself"}.`,
    frame(svg),
  );
}
