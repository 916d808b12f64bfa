import { breather, random, zeros } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { spherePoints, spherePolynomials } from "../data/index.ts";
import { bars, panels } from "../figures/index.ts";
import { rowProducts, standardDeviation } from "../measures/index.ts";
import {
  gegenbauer,
  harmonicMultiplicities,
  reluDegreeEnergies,
  sphereQuadrature,
} from "../predictions/index.ts";

const settings = z.object({
  dimensions: z
    .array(z.int().min(2).max(1000))
    .min(1)
    .max(6)
    .default([3, 5, 30, 300])
    .describe("dimensions d in which polynomials are compared"),
  degree: z.int().min(1).max(12).default(10).describe("largest degree compared"),
  samples: z.int().min(100).max(10_000).default(1500).describe("points that the U-statistic has"),
  sampleDimension: z.int().min(3).max(100).default(30).describe("dimension d of these points"),
  seed: z.int().min(0).default(0).describe("seed of the points"),
});

/** Degrees of the U-statistic. */
const sampledDegrees = 4;

const places = Array.from({ length: 41 }, (_, i) => -1 + i / 20);

export default claim({
  code: "LZ-08",
  id: "linearized/harmonic-toolkit",
  title: "Degree by degree: polynomials, multiplicities and energies on the sphere",
  statement: String.raw`For the first coordinate $t$ of a uniform point of the unit sphere in $d$ dimensions, the polynomials with
    $(k+d-2)P_{k+1}=(2k+d-2)\,t\,P_k-k\,P_{k-1}$, $P_k(1)=1$, are orthogonal: $\mathbb E[P_jP_k]=\delta_{jk}/B(d,k)$, where
    $B(d,k)=\frac{2k+d-2}{k}\binom{k+d-3}{k-1}$ counts the harmonics of degree $k$. The part of degree $k$ of a function $f$ on
    $\sqrt d\,\mathbb S^{d-1}$ has squared norm $B(d,k)\,\mathbb E_{x,x'}[f(x)f(x')P_k(\langle x,x'\rangle/d)]$, which samples
    estimate with an error of about $\sqrt{2B(d,k)}\,\|f\|^2/n$.`,
  source: "Lecture 11: Linearized Networks, §1",
  status: "proved",
  seconds: 1,
  settings,
  full: { samples: 4000 },

  predict({ dimensions, degree, sampleDimension }) {
    return {
      families: dimensions.map((d) => ({
        d,
        multiplicities: harmonicMultiplicities(d, degree),
        values: places.map((t) => Array.from(gegenbauer(d, degree, t))),
        orthogonality: orthogonalityError(d, degree),
      })),
      energies: reluDegreeEnergies(sampleDimension, sampledDegrees),
    };
  },

  async measure({ dimensions, degree, samples: n, sampleDimension, seed }, { engine, signal, progress }) {
    const families = dimensions.map((d) => {
      const polynomials = spherePolynomials(d, degree);
      const atOne = polynomials.at(Math.sqrt(d));
      return {
        multiplicities: Array.from(atOne, (value) => value ** 2),
        values: places.map((t) =>
          Array.from(polynomials.at(Math.sqrt(d) * t), (value, k) => value / atOne[k]!),
        ),
      };
    });
    progress(0.1, "averaging over pairs of points");
    const x = spherePoints(n, sampleDimension, random(seed));
    const f = Float64Array.from({ length: n }, (_, i) => Math.max(0, x.data[i * sampleDimension]!));
    const inner = await rowProducts(engine, x);
    const polynomials = spherePolynomials(sampleDimension, sampledDegrees);
    const atOne = polynomials.at(Math.sqrt(sampleDimension));
    /** Sums over the pairs of each point, by degree. */
    const ofPoint = zeros(n, sampledDegrees + 1);
    const values = atOne.map(() => 0);
    const pause = breather(signal);
    for (let i = 0; i < n; i++) {
      await pause();
      for (let j = 0; j < i; j++) {
        const weight = f[i]! * f[j]!;
        if (weight === 0) continue;
        polynomials.at(inner.data[i * n + j]! / Math.sqrt(sampleDimension), values);
        for (let k = 0; k <= sampledDegrees; k++) {
          const term = weight * atOne[k]! * values[k]!;
          ofPoint.data[i * ofPoint.cols + k]! += term;
          ofPoint.data[j * ofPoint.cols + k]! += term;
        }
      }
    }
    return {
      families,
      energies: Array.from(atOne, (_, k) =>
        jackknife(Array.from({ length: n }, (_, i) => ofPoint.data[i * ofPoint.cols + k]!)),
      ),
    };
  },

  judge({ families }, measured, { dimensions }) {
    const pairs = families.map((family, i) => ({ family, found: measured.families[i]! }));
    return verdict([
      ...pairs.map(({ family, found }) =>
        atMost(
          `largest difference of the P_k from polynomials orthogonalized under the density, d = ${family.d}`,
          largest(family.values.map((row, i) => largest(row.map((v, k) => v - found.values[i]![k]!)))),
          1e-12,
        ),
      ),
      ...pairs.map(({ family, found }) =>
        atMost(
          `largest relative difference of B(d, k) from squared norms, d = ${family.d}`,
          largest(family.multiplicities.map((b, k) => found.multiplicities[k]! / b - 1)),
          1e-12,
        ),
      ),
      atMost(
        `largest |E[P_j P_k] − δ/B(d, k)| by Golub–Welsch quadrature, d = ${dimensions.join(", ")}`,
        largest(families.map(({ orthogonality }) => orthogonality)),
        1e-12,
      ),
    ]);
  },

  figures({ families, energies }, measured, { degree, samples, sampleDimension }) {
    const shown = Array.from({ length: Math.min(4, degree) }, (_, k) => k + 1);
    return [
      {
        name: "polynomials",
        title: "Gegenbauer polynomials flatten as the dimension grows",
        caption: String.raw`Lines follow the recurrence, marks come from orthogonalizing powers of $t$ under the density of a
          coordinate. In high dimension $P_k(t)\approx t^k$, and $t$ itself is of order $1/\sqrt d$.`,
        spec: panels({
          columns: 2,
          panels: families.map((family, i) => ({
            title: `d = ${family.d}`,
            x: { title: "first coordinate t", domain: [-1, 1] as const },
            y: { title: "P_k(t)", domain: [-1, 1] as const },
            series: shown.flatMap((k) => [
              {
                label: `k = ${k}`,
                role: "prediction" as const,
                points: places.map((t, at) => ({ x: t, y: family.values[at]![k]! })),
              },
              {
                label: `k = ${k}`,
                role: "measurement" as const,
                points: places.flatMap((t, at) =>
                  at % 4 === 0 ? [{ x: t, y: measured.families[i]!.values[at]![k]! }] : [],
                ),
              },
            ]),
          })),
        }),
      },
      {
        name: "energies",
        title: "How much of ReLU has which degree, from samples",
        caption: String.raw`The U-statistic over pairs of ${samples} points in $d=${sampleDimension}$ with its jackknife standard error, against the
          closed form. The error grows with the number of harmonics, as $\sqrt{2B(d,k)}\,\|f\|^2/n$: once $B(d,k)$ exceeds $n^2$ nothing
          is seen.`,
        spec: bars({
          x: { title: "degree k", categories: energies.map((_, k) => String(k)) },
          y: { title: "squared norm of the part of degree k" },
          series: [
            { label: "closed form", role: "prediction", values: energies },
            {
              label: `U-statistic, n = ${samples}`,
              role: "measurement",
              values: measured.energies.map(({ value }) => value),
              errors: measured.energies.map(({ error }) => error),
            },
          ],
        }),
      },
    ];
  },
});

/** max |E[P_j P_k] − δ_jk/B(d, k)| by quadrature. */
function orthogonalityError(d: number, degree: number): number {
  const { nodes, weights } = sphereQuadrature(d, degree + 2);
  const multiplicities = harmonicMultiplicities(d, degree);
  const values = Array.from(nodes, (t) => gegenbauer(d, degree, t));
  return largest(
    multiplicities.flatMap((multiplicity, k) =>
      multiplicities.map((_, j) => {
        const expectation = weights.reduce((sum, w, i) => sum + w * values[i]![j]! * values[i]![k]!, 0);
        return expectation - (j === k ? 1 / multiplicity : 0);
      }),
    ),
  );
}

/** A U-statistic of degree 2 with its standard error, from the sums over the pairs of each point. */
function jackknife(sums: readonly number[]): { readonly value: number; readonly error: number } {
  const n = sums.length;
  const total = sums.reduce((all, sum) => all + sum, 0) / 2;
  const without = sums.map((sum) => (total - sum) / (((n - 1) * (n - 2)) / 2));
  return {
    value: total / ((n * (n - 1)) / 2),
    error: ((n - 1) / Math.sqrt(n)) * standardDeviation(without),
  };
}

/** The largest absolute value. */
function largest(values: readonly number[]): number {
  return Math.max(...values.map(Math.abs));
}
