import { fixed, formatCount, formatNumber, formatShare } from "./numbers.ts";
import type { Diagnosis } from "./report-data.ts";

// A diagnosis in sentences, for the page and the screen alike.

/** What twice as many rows would do, and what no number of rows would. */
export function moreRowsSentence({ curve, fitted, noise }: Diagnosis): string {
  const at = (share: number): number | undefined =>
    curve.find((point) => point.rows === Math.round(share * fitted))?.error;
  const [now, twice, fourfold] = [at(1), at(2), at(4)];
  const gain = (then: number | undefined): number =>
    now === undefined || then === undefined ? 0 : Math.max(0, 1 - then / now) || 0;
  const floor =
    noise.estimate > 0.005 * noise.atMost
      ? `; the curve bends towards ${formatShare(noise.estimate)}`
      : "; the curve does not bend yet";
  const gains =
    gain(fourfold) < 0.01
      ? `Even four times the ${formatCount(fitted)} rows would change next to nothing.`
      : `Twice the ${formatCount(fitted)} rows would lower the squared error by ${formatShare(gain(twice), 0)}, four times as many by ${formatShare(gain(fourfold), 0)}.`;
  return `${gains} At most ${formatShare(noise.atMost)} of the target is noise${floor}.`;
}

/** How the eigenvalues fall, and what that means. */
export function spectrumSentence({ spectrum, effectiveDimension, rows, kernel }: Diagnosis): string {
  const { decay } = spectrum;
  const spent = `The fit spends ${formatNumber(effectiveDimension, 3)} of ${formatCount(rows)} rows on directions it learns (effective dimension).`;
  if (decay === undefined) return `${spent} Its eigenvalues follow no power law: they fall faster, or end.`;
  // On a d-dimensional set the eigenvalues of kernels with a kink fall like i^−(1 + 1/d).
  const kinked = /^(?:product )?laplace\(.*q=1\)$/u.test(kernel);
  const dimensions =
    kinked && decay < 2.2 && decay > 1.02
      ? `, as those of a Laplace kernel do on data of about ${formatNumber(1 / (decay - 1), 2)} dimensions`
      : "";
  return `${spent} Eigenvalues fall like i^−${fixed(decay, 2)}${dimensions}.`;
}

/** The verdict and its numbers. */
export function overfittingSentence({
  overfitting: { withRidge, withoutRidge },
  spectrum,
  ridge,
}: Diagnosis): string {
  const times = (factor: number): string => `${fixed(factor, factor < 10 ? 2 : 0)}-fold`;
  const { decay } = spectrum;
  const told =
    decay !== undefined && withoutRidge.kind === "tempered"
      ? `, and by its eigenvalues ${times(decay)} for any number of rows`
      : "";
  return `With its ridge (λ = ${formatNumber(ridge)}) noise in the target counts ${times(withRidge.noiseFactor)} (${times(withRidge.noiseFactorAtQuarter)} at a quarter of the rows): ${withRidge.kind}. Without ridge it would count ${times(withoutRidge.noiseFactor)} (${times(withoutRidge.noiseFactorAtQuarter)})${told}: ${withoutRidge.kind}.`;
}

/** What the numbers do not cover; undefined when there is nothing to say. */
export function diagnosisCaution({
  updates,
  weight,
  rows,
  of,
  heldOut,
  leaveOneOut,
}: Diagnosis): string | undefined {
  const parts = [
    ...(weight < 0.999
      ? [`This is the heaviest machine of the average (${formatShare(weight, 0)} of it) by itself.`]
      : []),
    ...(updates > 0
      ? [
          `Its metric was learned from the same rows and is taken as given, so that errors are optimistic${
            heldOut === undefined
              ? ""
              : `: the whole model has ${formatNumber(heldOut)} on rows held out of its fits, and this machine ${formatNumber(leaveOneOut.error)} on rows left out`
          }. Fewer rows would have learned a worse metric, more rows a better one.`,
        ]
      : []),
    ...(rows < of ? [`Looked at: ${formatCount(rows)} of ${formatCount(of)} training rows.`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(" ");
}
