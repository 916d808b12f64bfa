import {
  activation,
  activationFunctions,
  dense,
  infiniteKernel,
  type Matrix,
  random,
  serial,
} from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, verdict } from "../claim.ts";
import { dot, gaussianMatrix, orthogonalMatrix, rowsOf } from "../data/index.ts";
import { heatMap } from "../figures/index.ts";
import { hiddenFeatures, rowProducts } from "../measures/index.ts";
import { erfKernel, erfSlopeKernel, type KernelForm, reluKernel, stepKernel } from "../predictions/index.ts";

const settings = z.object({
  points: z.int().min(2).max(200).default(24).describe("Gaussian inputs, of unequal norms"),
  dimension: z.int().min(2).max(200).default(10).describe("input dimension d"),
  factor: z.number().min(0.01).max(100).default(3).describe("c by which one input is scaled"),
  width: z.int().min(1).max(100_000).default(100).describe("neurons N of the finite network"),
  seed: z.int().min(0).default(0).describe("seed of inputs, rotation and network"),
});

const activations = ["relu", "erf"] as const;

const forms: Readonly<Record<(typeof activations)[number], { value: KernelForm; slope: KernelForm }>> = {
  relu: { value: reluKernel, slope: stepKernel },
  erf: { value: erfKernel, slope: erfSlopeKernel },
};

export default claim({
  code: "LZ-05",
  id: "linearized/rotation-invariance",
  title: "Limit kernels do not change under rotations; finite ones do, and norms matter",
  statement: String.raw`With $w\sim\mathcal N(0,I_d/d)$ the limit kernels satisfy $K(Rx,Rx')=K(x,x')$ for every orthogonal $R$, so they depend on the two
    norms and the angle (on the angle alone only when all inputs have one norm). A finite-width kernel satisfies this in distribution
    only. For ReLU, homogeneous of degree 1, $K^{RF}(cx,x')=c\,K^{RF}(x,x')$ for $c>0$.`,
  source: "Lecture 11: Linearized Networks, §1 (with the norms)",
  status: "proved",
  seconds: 1,
  settings,

  predict(chosen) {
    const x = rowsOf(data(chosen).x);
    const d = chosen.dimension;
    const gram = (k: KernelForm): number[][] =>
      x.map((a) => x.map((b) => k(dot(a, a) / d, dot(b, b) / d, dot(a, b) / d)));
    return activations.map((name) => ({
      name,
      random: gram(forms[name].value),
      tangent: gram((s11, s22, s12) => s12 * forms[name].slope(s11, s22, s12)),
    }));
  },

  async measure(chosen, { engine }) {
    const { x, rotated, weights } = data(chosen);
    const scaled = { ...x, data: x.data.map((value) => chosen.factor * value) };
    const limits = [];
    for (const name of activations) {
      const network = serial(dense(), activation(name), dense());
      const tangent = serial(dense(), activation(name), dense({ weightRate: 0 }));
      const random = async (a: Matrix, b: Matrix): Promise<number[][]> =>
        rowsOf((await infiniteKernel(engine, network, a, b, { get: "nngp" })).nngp!);
      limits.push({
        name,
        random: await random(x, x),
        rotatedRandom: await random(rotated, rotated),
        scaledRandom: await random(scaled, x),
        tangent: rowsOf((await infiniteKernel(engine, tangent, x, x, { get: "ntk" })).ntk!),
        rotatedTangent: rowsOf(
          (await infiniteKernel(engine, tangent, rotated, rotated, { get: "ntk" })).ntk!,
        ),
      });
    }
    const { value } = activationFunctions({ name: "relu" });
    const finite = async (points: Matrix): Promise<number[][]> =>
      rowsOf(
        await rowProducts(
          engine,
          await hiddenFeatures(engine, points, weights, value, 1 / Math.sqrt(chosen.width)),
        ),
      );
    return { limits, finite: await finite(x), rotatedFinite: await finite(rotated) };
  },

  judge(predicted, { limits, finite, rotatedFinite }, { factor, width }) {
    return verdict([
      ...limits.flatMap((limit, i) => [
        atMost(
          `largest difference of the random-feature limit after a rotation, ${limit.name}`,
          largest(limit.rotatedRandom, predicted[i]!.random),
          1e-12,
        ),
        atMost(
          `largest difference of the tangent limit after a rotation, ${limit.name}`,
          largest(limit.rotatedTangent, predicted[i]!.tangent),
          1e-12,
        ),
      ]),
      atMost(
        "largest difference of K(cx, x′) from c K(x, x′) / c, ReLU",
        largest(
          limits[0]!.scaledRandom.map((row) => row.map((value) => value / factor)),
          predicted[0]!.random,
        ),
        1e-12,
      ),
      atLeast(
        `largest difference of the finite kernel after a rotation, ReLU, N = ${width} (control)`,
        largest(rotatedFinite, finite),
        1e-3,
      ),
    ]);
  },

  figures: (_, { limits, finite, rotatedFinite }, { points, width }) => {
    const labels = Array.from({ length: points }, (_, i) => i + 1);
    return [
      {
        name: "rotation",
        title: "What a rotation of all inputs does to a finite network's kernel",
        caption: String.raw`$K_N(x,x')-K_N(Rx,Rx')$ for ${points} Gaussian inputs and ${width} ReLU neurons. The same difference for the limit kernel is at most
          ${largest(limits[0]!.random, limits[0]!.rotatedRandom).toExponential(0)}: such a picture would be blank.`,
        spec: heatMap({
          x: { title: "input x′", labels },
          y: { title: "input x", labels },
          values: finite.map((row, i) => row.map((value, j) => value - rotatedFinite[i]![j]!)),
          value: { title: "change of K_N", scale: "diverging" },
        }),
      },
    ];
  },
});

/** Gaussian inputs, the same after a random rotation, and the weights of a network. */
function data({ points, dimension: d, width, seed }: z.output<typeof settings>): {
  readonly x: Matrix<Float64Array>;
  readonly rotated: Matrix<Float64Array>;
  readonly weights: Matrix<Float64Array>;
} {
  const generator = random(seed);
  const x = gaussianMatrix(points, d, generator);
  const rotation = rowsOf(orthogonalMatrix(d, generator));
  const rotated = rowsOf(x).flatMap((row) => rotation.map((axis) => dot(axis, row)));
  return {
    x,
    rotated: { ...x, data: Float64Array.from(rotated) },
    weights: gaussianMatrix(width, d, generator, { std: 1 / Math.sqrt(d) }),
  };
}

function largest(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  return Math.max(...a.flatMap((row, i) => row.map((value, j) => Math.abs(value - b[i]![j]!))));
}
