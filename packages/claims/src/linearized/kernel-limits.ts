import { activationFunctions, type ActivationInput, breather, dualOf, random, type Random } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict } from "../claim.ts";
import { orthogonalMatrix } from "../data/index.ts";
import { panels } from "../figures/index.ts";
import { mean, standardDeviation } from "../measures/index.ts";
import {
  absoluteKernel,
  cosKernel,
  erfKernel,
  erfSlopeKernel,
  expKernel,
  gaussianExpectation,
  geluKernel,
  geluSlopeKernel,
  type KernelForm,
  leakyReluKernel,
  normalCdfKernel,
  reluKernel,
  sinKernel,
  squaredReluKernel,
  stepKernel,
} from "../predictions/index.ts";

const settings = z.object({
  variances: z
    .array(z.tuple([z.number().min(0.01).max(10), z.number().min(0.01).max(10)]))
    .min(1)
    .max(8)
    .default([
      [1, 1],
      [0.5, 2],
      [1.7, 0.9],
    ])
    .describe("pairs of variances s11, s22 at which kernels are compared"),
  correlations: z
    .array(z.number().min(-0.999).max(0.999))
    .min(1)
    .max(12)
    .default([-0.7, -0.3, 0.3, 0.6])
    .describe("correlations ρ = s12/√(s11 s22)"),
  width: z.int().min(100).max(100_000).default(2000).describe("neurons N of the finite networks"),
  networks: z.int().min(2).max(100).default(8).describe("finite networks averaged over"),
  dimension: z.int().min(2).max(100).default(10).describe("input dimension d of the finite networks"),
  seed: z.int().min(0).default(0).describe("seed of the networks"),
});

/** A row of the table: σ, E[σσ], and E[σ′σ′] where the table has it. */
interface Row {
  readonly name: string;
  readonly activation: ActivationInput;
  readonly form: KernelForm;
  readonly slope?: KernelForm;
  /** Whether `form` is a quadrature. */
  readonly numeric?: true;
}

const rows: readonly Row[] = [
  { name: "step", activation: { name: "rectified-monomial", degree: 0 }, form: stepKernel },
  { name: "ReLU", activation: { name: "relu" }, form: reluKernel, slope: stepKernel },
  { name: "ReLU²", activation: { name: "rectified-monomial", degree: 2 }, form: squaredReluKernel },
  {
    name: "leaky ReLU, slope 0.2",
    activation: { name: "leaky-relu", slope: 0.2 },
    form: leakyReluKernel(0.2),
  },
  { name: "|·|", activation: { name: "absolute" }, form: absoluteKernel },
  { name: "erf", activation: { name: "erf" }, form: erfKernel, slope: erfSlopeKernel },
  { name: "normal cdf", activation: { name: "normal-cdf" }, form: normalCdfKernel },
  { name: "GELU", activation: { name: "gelu" }, form: geluKernel, slope: geluSlopeKernel },
  { name: "sin", activation: { name: "sin" }, form: sinKernel, slope: cosKernel },
  { name: "cos", activation: { name: "cos" }, form: cosKernel, slope: sinKernel },
  { name: "exp", activation: { name: "exp" }, form: expKernel, slope: expKernel },
  {
    name: "tanh",
    activation: { name: "tanh" },
    form: gaussianExpectation(Math.tanh),
    slope: gaussianExpectation((u) => 1 - Math.tanh(u) ** 2),
    numeric: true,
  },
  {
    name: "softplus",
    activation: { name: "softplus" },
    form: gaussianExpectation((u) => Math.max(u, 0) + Math.log1p(Math.exp(-Math.abs(u)))),
    slope: gaussianExpectation((u) => 1 / (1 + Math.exp(-u))),
    numeric: true,
  },
];

/** Rows drawn against the angle, with finite networks beside them. */
const drawn = ["ReLU", "erf", "GELU"];

/** Angles at which finite networks are looked at, in degrees. */
const angles = [0, 30, 60, 90, 120, 150, 180];

export default claim({
  code: "LZ-03",
  id: "linearized/kernel-limits",
  title: "The kernels of wide networks in closed form",
  statement: String.raw`With $w\sim\mathcal N(0,I_d/d)$ the kernels of random and of tangent features tend to $K^{RF}=k_\sigma=\mathbb E[\sigma(u)\sigma(v)]$ and
    $K^{NT}=s_{12}\,k_{\sigma'}$ as the width grows, for centred Gaussian $(u,v)$ with variances $s_{11}=\|x\|^2/d$, $s_{22}$ and covariance
    $s_{12}=\langle x,x'\rangle/d$. Both have closed forms for ReLU and its kin, erf, GELU, sin, cos and exp, and
    $k_{\sigma'}=\partial k_\sigma/\partial s_{12}$ for every $\sigma$.`,
  source: "Lecture 11: Linearized Networks, §1 (with a² of the readout); Cho & Saul 2009; Williams 1996",
  status: "proved",
  seconds: 1,
  settings,
  full: { width: 10_000, networks: 20 },

  predict(chosen) {
    const covariances = covariancesOf(chosen);
    return {
      table: rows.map(({ name, form, slope, numeric }) => ({
        name,
        numeric: numeric ?? false,
        values: covariances.map((covariance) => form(...covariance)),
        slopes: slope && covariances.map((covariance) => slope(...covariance)),
      })),
      curves: drawn.map((name) => {
        const { form, slope } = rows.find((row) => row.name === name)!;
        const along = (at: (rho: number) => number): { x: number; y: number }[] =>
          Array.from({ length: 91 }, (_, i) => ({ x: 2 * i, y: at(Math.cos((2 * i * Math.PI) / 180)) }));
        return {
          name,
          random: along((rho) => form(1, 1, rho)),
          tangent: along((rho) => rho * slope!(1, 1, rho)),
        };
      }),
    };
  },

  async measure(chosen, { signal, progress }) {
    const covariances = covariancesOf(chosen);
    const table = rows.map(({ activation }) => {
      const dual = dualOf(activation);
      return {
        values: covariances.map((covariance) => dual.value(...covariance)),
        slopes: covariances.map((covariance) => dual.slope(...covariance)),
        differences: covariances.map((covariance) => derivative(dual.value, covariance)),
      };
    });
    const generator = random(chosen.seed);
    const pause = breather(signal);
    const networks = [];
    for (const [at, name] of drawn.entries()) {
      networks.push({ name, kernels: await finiteKernels(name, chosen, generator, pause) });
      progress((at + 1) / drawn.length, `finite networks with ${name}`);
    }
    return { table, networks };
  },

  judge({ table }, measured) {
    const worst = (numeric: boolean, part: "values" | "slopes"): number =>
      Math.max(
        ...table.flatMap((row, i) =>
          row.numeric === numeric
            ? (row[part] ?? []).map((value, at) => Math.abs(value - measured.table[i]![part][at]!))
            : [],
        ),
      );
    return verdict([
      atMost("largest difference of kernels from their closed forms", worst(false, "values"), 1e-12),
      atMost(
        "largest difference of derivative kernels from their closed forms",
        worst(false, "slopes"),
        1e-12,
      ),
      atMost("largest difference of tanh and softplus from Gauss–Hermite", worst(true, "values"), 1e-10),
      atMost(
        "largest difference of ∂k_σ/∂s₁₂ by central differences from k_σ′",
        Math.max(
          ...measured.table.flatMap(({ slopes, differences }, i) =>
            // The step function's derivative is no function.
            rows[i]!.name === "step" ? [] : slopes.map((slope, at) => Math.abs(slope - differences[at]!)),
          ),
        ),
        1e-8,
      ),
    ]);
  },

  figures({ curves: lines }, { networks }, { width, networks: count }) {
    const titles = {
      random: ["random features", "K_RF = E[σ(u) σ(v)]"],
      tangent: ["tangent features", "K_NT = ρ E[σ′(u) σ′(v)]"],
    } as const;
    return [
      {
        name: "kernels",
        title: "Kernels against the angle between inputs",
        caption: String.raw`Inputs on $\sqrt d\,\mathbb S^{d-1}$. Lines: limits in closed form. Marks: means over ${count} networks of ${width}
          neurons with the standard deviation of one network.`,
        spec: panels({
          columns: 2,
          panels: (["random", "tangent"] as const).map((kind) => ({
            title: titles[kind][0],
            x: { title: "angle θ between inputs (degrees)", domain: [-4, 184] as const },
            y: { title: titles[kind][1] },
            series: lines.flatMap((line, i) => [
              { label: line.name, role: "prediction" as const, points: line[kind] },
              {
                label: line.name,
                role: "measurement" as const,
                points: angles.map((x, at) => ({
                  x,
                  y: mean(networks[i]!.kernels[kind][at]!),
                  error: standardDeviation(networks[i]!.kernels[kind][at]!),
                })),
              },
            ]),
          })),
        }),
      },
    ];
  },
});

type Covariance = readonly [s11: number, s22: number, s12: number];

function covariancesOf({ variances, correlations }: z.output<typeof settings>): Covariance[] {
  return variances.flatMap(([s11, s22]) =>
    correlations.map((rho) => [s11, s22, rho * Math.sqrt(s11 * s22)] as const),
  );
}

/** ∂k/∂s12 by a central difference of order four. */
function derivative(k: (...covariance: Covariance) => number, [s11, s22, s12]: Covariance): number {
  const h = 1e-3 * Math.min(1, 1 - Math.abs(s12) / Math.sqrt(s11 * s22));
  const at = (shift: number): number => k(s11, s22, s12 + shift);
  return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
}

/** K_N of random and tangent features at every angle, a number for each network. */
async function finiteKernels(
  name: string,
  { width, networks, dimension: d }: z.output<typeof settings>,
  generator: Random,
  pause: () => Promise<void>,
): Promise<{ readonly random: number[][]; readonly tangent: number[][] }> {
  const { value, slope } = activationFunctions(rows.find((row) => row.name === name)!.activation);
  const result = { random: angles.map((): number[] => []), tangent: angles.map((): number[] => []) };
  for (let network = 0; network < networks; network++) {
    await pause();
    const axes = orthogonalMatrix(d, generator).data;
    const sums = angles.map(() => ({ random: 0, tangent: 0 }));
    for (let i = 0; i < width; i++) {
      // ⟨w, x⟩ along two orthogonal directions of length √d, w ~ N(0, I/d).
      let [along, across] = [0, 0];
      for (let j = 0; j < d; j++) {
        const w = generator.normal();
        along += w * axes[j]!;
        across += w * axes[d + j]!;
      }
      angles.forEach((degrees, at) => {
        const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
        const other = c * along + s * across;
        sums[at]!.random += value(along) * value(other);
        sums[at]!.tangent += c * slope(along) * slope(other);
      });
    }
    sums.forEach((sum, at) => {
      result.random[at]!.push(sum.random / width);
      result.tangent[at]!.push(sum.tangent / width);
    });
  }
  return result;
}
