import { breather, random } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict, within } from "../claim.ts";
import { spherePoints, spherePolynomials } from "../data/index.ts";
import { bars, curves } from "../figures/index.ts";
import { zonalEnergies } from "../measures/index.ts";
import { reluDegreeEnergies, reluResidualConstant, reluResidualFractions } from "../predictions/index.ts";

const settings = z.object({
  dimensions: z
    .array(z.int().min(3).max(1000))
    .min(1)
    .max(6)
    .default([5, 10, 30, 100])
    .describe("dimensions d; d = ∞ is added"),
  degree: z.int().min(2).max(40).default(10).describe("largest degree integrated numerically"),
  sampleDimension: z.int().min(3).max(100).default(30).describe("dimension d of the samples"),
  samples: z.int().min(1000).max(1_000_000).default(100_000).describe("sampled points n"),
  seed: z.int().min(0).default(0).describe("seed of the points"),
});

/** Beyond this degree samples are too heavy-tailed for standard errors. */
const sampledDegrees = 6;

export default claim({
  code: "LZ-10",
  id: "linearized/relu-by-degree",
  title: "A ReLU neuron contains polynomials of every even degree, and they fade slowly",
  statement: String.raw`Let $f(x)=\mathrm{ReLU}(\langle w,x\rangle)$, $\|w\|=1$, on $\sqrt d\,\mathbb S^{d-1}$, where $\|f\|^2=\frac12$. Its part
    of degree $k$ has $\|P_kf\|^2=B(d,k)\,d\,m_k^2$ with $m_0=\frac{Z}{d-1}$, $m_1=\frac1{2d}$, $m_{k+2}=-\frac{k-1}{k+d+1}\,m_k$ for even $k$ and
    $m_k=0$ for odd $k\ge3$; $Z=\frac{\Gamma(d/2)}{\sqrt\pi\,\Gamma((d-1)/2)}$. As $d\to\infty$, what degrees up to $\ell$ leave is
    $\|P_{>\ell}f\|^2/\|f\|^2\simeq\frac{\sqrt2}{3\pi^{3/2}}\,\ell^{-3/2}$.`,
  source: "Lecture 11: Linearized Networks, Figure 3",
  status: "proved",
  seconds: 1,
  settings,
  full: { dimensions: [5, 10, 20, 30, 50, 100], degree: 30, samples: 1_000_000 },

  predict({ dimensions, degree, sampleDimension }) {
    return {
      families: [...dimensions, Infinity].map((d) => ({
        d,
        energies: reluDegreeEnergies(d, degree),
        residuals: reluResidualFractions(d, 100),
      })),
      sampled: reluDegreeEnergies(sampleDimension, sampledDegrees).map(Math.sqrt),
    };
  },

  async measure({ dimensions, degree, sampleDimension: d, samples: n, seed }, { signal, progress }) {
    const relu = (z: number): number => Math.max(0, z);
    const energies = [...dimensions, Infinity].map((d) => zonalEnergies(relu, d, degree));
    progress(0.2, "sampling");
    const generator = random(seed);
    const polynomials = spherePolynomials(d, sampledDegrees);
    const sums = new Float64Array(sampledDegrees + 1);
    const batch = 10_000;
    const pause = breather(signal);
    for (let done = 0; done < n; done += batch) {
      const size = Math.min(batch, n - done);
      const x = spherePoints(size, d, generator);
      for (let i = 0; i < size; i++) {
        const z = x.data[i * d]!;
        if (z > 0) polynomials.at(z).forEach((value, k) => (sums[k]! += z * value));
      }
      progress(0.2 + (0.8 * (done + size)) / n, "sampling");
      await pause();
    }
    return { energies, sampled: Array.from(sums, (sum) => Math.abs(sum) / n) };
  },

  judge({ families, sampled }, measured, { sampleDimension }) {
    return verdict([
      ...families.map(({ d, energies }, i) =>
        atMost(
          `largest difference of ‖P_k f‖² from numerical integration, d = ${name(d)}`,
          Math.max(...energies.map((energy, k) => Math.abs(energy - measured.energies[i]![k]!))),
          1e-12,
        ),
      ),
      ...sampled.map((norm, k) =>
        within(
          `sampled ‖P_${k} f‖, d = ${sampleDimension}`,
          measured.sampled[k]!,
          norm - 0.02,
          norm + 0.02,
          norm,
        ),
      ),
    ]);
  },

  figures: ({ families, sampled }, measured, { samples, sampleDimension }) => [
    {
      name: "residuals",
      title: "What polynomials of degree ℓ leave of a ReLU neuron",
      caption: String.raw`Fractions of $\|f\|^2$ beyond degree $\ell$ for several dimensions, the law $0.0847\,\ell^{-3/2}$ of $d=\infty$, and
        numerical integration. In lower dimension the tail is thinner, but it is a power all the same: a kernel that learns degree
        after degree never catches up.`,
      spec: curves({
        x: { title: "degree ℓ", scale: "log", domain: [0.9, 110] },
        y: { title: "part of ‖f‖² beyond degree ℓ", scale: "log", domain: [1e-6, 0.5] },
        series: [
          ...families.map(({ d, residuals }) => ({
            label: `d = ${name(d)}`,
            role: "prediction" as const,
            points: residuals.flatMap((y, x) => (x >= 1 && (x === 1 || x % 2 === 0) ? [{ x, y }] : [])),
          })),
          ...families.map(({ d }, i) => ({
            label: `d = ${name(d)}`,
            role: "measurement" as const,
            points: leftAfter(measured.energies[i]!).flatMap((y, x) =>
              x >= 1 && (x === 1 || x % 2 === 0) ? [{ x, y }] : [],
            ),
          })),
          {
            label: "0.0847 / ℓ^1.5",
            role: "bound",
            points: [1, 100].map((x) => ({ x, y: reluResidualConstant * x ** -1.5 })),
          },
        ],
      }),
    },
    {
      name: "norms",
      title: "The parts of a ReLU neuron, from samples",
      caption: String.raw`$\|P_kf\|$ at $d=${sampleDimension}$, estimated by averages over ${samples.toLocaleString("en")} points. Odd degrees
        from 3 on are absent.`,
      spec: bars({
        x: { title: "degree k", categories: sampled.map((_, k) => String(k)) },
        y: { title: "norm of the part of degree k" },
        series: [
          { label: "closed form", role: "prediction", values: sampled },
          { label: "samples", role: "measurement", values: measured.sampled },
        ],
      }),
    },
  ],
});

/** The fraction of ½ left after each degree. */
function leftAfter(energies: readonly number[]): number[] {
  let left = 1;
  return energies.map((energy) => (left -= 2 * energy));
}

function name(d: number): string {
  return d === Infinity ? "∞" : String(d);
}
