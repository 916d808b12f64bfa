import { breather, type Random, random } from "lineament";
import { z } from "zod";
import { claim, verdict, within } from "../claim.ts";
import { orthogonalMatrix } from "../data/index.ts";
import { curves } from "../figures/index.ts";
import { rootMeanSquare } from "../measures/index.ts";
import { reluFeatureVariance, reluKernel } from "../predictions/index.ts";

const settings = z.object({
  dimension: z.int().min(2).max(200).default(20).describe("input dimension d"),
  correlation: z
    .number()
    .min(-0.9)
    .max(1)
    .default(0.3)
    .describe("ρ = ⟨x, x'⟩/d of the pair of inputs on the sphere"),
  widths: z.array(z.int().min(10).max(100_000)).min(2).max(8).default([100, 400, 1600]).describe("neurons N"),
  redraws: z.int().min(20).max(2000).default(200).describe("random networks at each width"),
  seed: z.int().min(0).default(0).describe("seed of the networks"),
});

export default claim({
  code: "LZ-04",
  id: "linearized/monte-carlo-rate",
  title: "A finite network's kernel misses its limit by a known amount over √N",
  statement: String.raw`An entry $K_N(x,x')=\frac1N\sum_i\mathrm{ReLU}(\langle w_i,x\rangle)\,\mathrm{ReLU}(\langle w_i,x'\rangle)$, $w_i\sim\mathcal N(0,I_d/d)$, of
    the random-feature kernel has mean $K(x,x')$ and standard deviation $\sqrt{V(\rho)/N}$. At $\|x\|^2=\|x'\|^2=d$,
    $V(\rho)=k_{\mathrm{ReLU}^2}(\rho)-k_{\mathrm{ReLU}}(\rho)^2$, whatever $d$ is.`,
  source: "Lecture 11: Linearized Networks, §1",
  status: "proved",
  seconds: 1,
  settings,
  full: { widths: [100, 400, 1600, 6400], redraws: 400 },

  predict({ correlation, widths }) {
    const variance = reluFeatureVariance(correlation);
    return {
      limit: reluKernel(1, 1, correlation),
      deviations: widths.map((width) => Math.sqrt(variance / width)),
    };
  },

  async measure({ dimension: d, correlation, widths, redraws, seed }, { signal, progress }) {
    const generator = random(seed);
    const [x, other] = pairOnSphere(d, correlation, generator);
    const pause = breather(signal);
    const work = widths.reduce((sum, width) => sum + width, 0);
    let done = 0;
    const entries: number[][] = [];
    for (const width of widths) {
      const column: number[] = [];
      for (let redraw = 0; redraw < redraws; redraw++) {
        let sum = 0;
        for (let i = 0; i < width; i++) {
          let [u, v] = [0, 0];
          for (let j = 0; j < d; j++) {
            const w = generator.normal() / Math.sqrt(d);
            u += w * x[j]!;
            v += w * other[j]!;
          }
          if (u > 0 && v > 0) sum += u * v;
        }
        column.push(sum / width);
        await pause();
      }
      entries.push(column);
      done += width;
      progress(done / work, `N = ${width}`);
    }
    return { entries };
  },

  judge({ limit, deviations }, { entries }, { widths }) {
    return verdict(
      widths.map((width, i) =>
        within(
          `rms error of an entry / predicted, N = ${width}`,
          rootMeanSquare(entries[i]!.map((entry) => entry - limit)) / deviations[i]!,
          0.85,
          1.15,
          1,
        ),
      ),
    );
  },

  figures: ({ limit, deviations }, { entries }, { widths, redraws }) => [
    {
      name: "error",
      title: "Error of a kernel entry against width",
      caption: String.raw`Root mean square over ${redraws} networks, with its standard error, and the predicted $\sqrt{V(\rho)/N}$: no constant is
        fitted.`,
      spec: curves({
        x: { title: "neurons N", scale: "log" },
        y: { title: "rms error of K_N(x, x′)", scale: "log" },
        series: [
          {
            label: "√(V(ρ)/N)",
            role: "prediction",
            points: widths.map((x, i) => ({ x, y: deviations[i]! })),
          },
          {
            label: `${redraws} networks`,
            role: "measurement",
            points: widths.map((x, i) => {
              const y = rootMeanSquare(entries[i]!.map((entry) => entry - limit));
              return { x, y, error: y / Math.sqrt(2 * redraws) };
            }),
          },
        ],
      }),
    },
  ],
});

/** Two points of √d S^{d−1} with inner product ρ d, in random position. */
function pairOnSphere(d: number, rho: number, generator: Random): readonly [Float64Array, Float64Array] {
  const axes = orthogonalMatrix(d, generator).data;
  const across = Math.sqrt(1 - rho ** 2);
  const x = Float64Array.from({ length: d }, (_, j) => Math.sqrt(d) * axes[j]!);
  return [x, x.map((value, j) => rho * value + across * Math.sqrt(d) * axes[d + j]!)];
}
