import { activationFunctions, denseNetwork, type Engine, type Matrix, random } from "lineament";
import { z } from "zod";
import { atMost, claim, verdict, within } from "../claim.ts";
import type { Series } from "../figure.ts";
import { gaussianMatrix, gaussianVector, randomSigns, rowsOf, spherePoints } from "../data/index.ts";
import { panels } from "../figures/index.ts";
import { hiddenFeatures, logSlope, tangentFeatures } from "../measures/index.ts";
import { type ActivationDerivatives, kinkDistance, quadraticTerm } from "../predictions/index.ts";

const settings = z
  .object({
    dimension: z.int().min(2).max(200).default(10).describe("input dimension d"),
    width: z.int().min(1).max(2000).default(50).describe("neurons N"),
    samples: z.int().min(1).max(100).default(5).describe("inputs"),
    distances: z
      .array(z.number().min(1e-3).max(10))
      .min(2)
      .max(12)
      .default([1, 0.3, 0.1, 0.03, 0.01, 0.003])
      .describe("h, Euclidean distance of the parameters from their start"),
    activation: z
      .enum(["tanh", "sin", "relu"])
      .default("tanh")
      .describe("nonlinearity that is judged; relu is not smooth"),
    seed: z.int().min(0).default(0).describe("seed of network, inputs and direction"),
  })
  .refine(({ distances }) => distances.some((h) => h <= near), {
    path: ["distances"],
    message: "at least one must be 0.3 or less, for the comparison with the quadratic term",
  });

/** Up to this distance the quadratic term alone is compared with the remainder. */
const near = 0.3;

/** What predictions know of each nonlinearity. */
const derivatives: Readonly<Record<z.output<typeof settings>["activation"], ActivationDerivatives>> = {
  tanh: {
    slope: (u) => 1 - Math.tanh(u) ** 2,
    curvature: (u) => -2 * Math.tanh(u) * (1 - Math.tanh(u) ** 2),
  },
  sin: { slope: (u) => Math.cos(u), curvature: (u) => -Math.sin(u) },
  relu: { slope: (u) => (u > 0 ? 1 : 0), curvature: () => 0 },
};

const words = { tanh: "tanh", sin: "sine", relu: "ReLU" } as const;

export default claim({
  code: "LZ-01",
  id: "linearized/linearization",
  title: "Near its start a network is linear in random and tangent features, up to a quadratic remainder",
  statement: String.raw`For $f_\theta(x)=\gamma\sum_ia_i\sigma(\langle w_i,x\rangle)$, with random features $\phi_{RF}(x)=\gamma(\sigma(\langle w_i,x\rangle))_i$ and tangent features
    $\phi_{NT}(x)=\frac\gamma{\sqrt d}(a_i\sigma'(\langle w_i,x\rangle)\,x)_i$,
    $$f_{\theta+\Delta}(x)=f_\theta(x)+\langle\phi_{RF}(x),\Delta a\rangle+\sqrt d\,\langle\phi_{NT}(x),\Delta w\rangle+R,$$
    where $R=O(\|\Delta\|^2)$ for $\sigma\in C^2$; to leading order
    $R=\gamma\sum_i\big(\Delta a_i\,\sigma'(z_i)\,\zeta_i+\tfrac12a_i\,\sigma''(z_i)\,\zeta_i^2\big)$ with $z_i=\langle w_i,x\rangle$, $\zeta_i=\langle\Delta w_i,x\rangle$.`,
  source: "Lecture 11: Linearized Networks, §1",
  status: "proved",
  seconds: 1,
  settings,

  predict(chosen) {
    const { weights, readout, change, x, gamma } = drawn(chosen);
    const network = { weights: rowsOf(weights), readout: Array.from(readout) };
    const moved = { weights: rowsOf(change.weights), readout: Array.from(change.readout) };
    const rows = rowsOf(x);
    return {
      exponent: 2,
      kink: Math.min(...rows.map((row) => kinkDistance(network, moved, row))),
      quadratic: activations(chosen).map((name) =>
        Math.hypot(...rows.map((row) => quadraticTerm(network, moved, row, derivatives[name], gamma))),
      ),
    };
  },

  async measure(chosen, { engine }) {
    const results = [];
    for (const name of activations(chosen)) results.push(await remainders(engine, chosen, name));
    return results;
  },

  judge({ exponent, quadratic, kink }, measured, { distances, activation }) {
    const judged = measured[0]!;
    const shares = distances.flatMap((h, i) =>
      h <= near ? [judged.remainders[i]! / (quadratic[0]! * h ** 2)] : [],
    );
    const relu = measured.findIndex(({ name }) => name === "relu");
    const beforeKink = distances.flatMap((h, i) =>
      h < kink ? [Math.abs(measured[relu]!.remainders[i]! / (quadratic[relu]! * h ** 2) - 1)] : [],
    );
    return verdict([
      within(
        `slope of ln ‖R‖ against ln h, ${words[activation]}`,
        logSlope(distances.map((x, i) => ({ x, y: judged.remainders[i]! }))),
        1.95,
        2.05,
        exponent,
      ),
      within(
        `smallest ‖R‖ / quadratic term, h ≤ ${near}, ${words[activation]}`,
        Math.min(...shares),
        0.9,
        1.1,
        1,
      ),
      within(
        `largest ‖R‖ / quadratic term, h ≤ ${near}, ${words[activation]}`,
        Math.max(...shares),
        0.9,
        1.1,
        1,
      ),
      ...measured.map(({ name, featureError }) =>
        atMost(
          `features against the derivative of the network along Δ, relative, ${words[name]}`,
          featureError,
          1e-12,
          0,
        ),
      ),
      ...(beforeKink.length === 0
        ? []
        : [
            atMost(
              "largest |‖R‖ / quadratic term − 1| before the first kink, ReLU",
              Math.max(...beforeKink),
              1e-6,
              0,
            ),
          ]),
    ]);
  },

  figures({ quadratic, kink }, measured, { distances }) {
    const last = Math.max(...distances);
    const ends = [Math.min(...distances), last];
    const series = (power: number): Series[] =>
      measured.flatMap(({ name, remainders }, at) => [
        {
          label: words[name],
          role: "prediction" as const,
          points: ends.map((x) => ({ x, y: quadratic[at]! * x ** power })),
        },
        {
          label: words[name],
          role: "measurement" as const,
          points: distances.map((x, i) => ({ x, y: (remainders[i]! / x ** 2) * x ** power })),
        },
      ]);
    const heights = measured.flatMap(({ remainders }) => remainders.map((y, i) => y / distances[i]! ** 2));
    const x = { title: "distance h of the parameters", scale: "log" } as const;
    return [
      {
        name: "remainder",
        title: "What linearization leaves out",
        caption: String.raw`Norm over the inputs of $R$ at distance $h$ in a random direction, and the quadratic term, with no constant fitted: slope 2. Right,
          divided by $h^2$: ReLU is exactly quadratic as long as no pre-activation changes its sign (dashed), and irregular beyond; the
          smooth network leaves its quadratic term gradually.`,
        spec: panels({
          panels: [
            { x, y: { title: "remainder ‖R‖", scale: "log" }, series: series(2) },
            {
              x,
              y: { title: "‖R‖ / h²", scale: "log" },
              series: [
                ...series(0),
                ...(kink > last
                  ? []
                  : [
                      {
                        label: "first kink of ReLU",
                        role: "bound" as const,
                        points: [Math.min(...heights), Math.max(...heights)].map((y) => ({ x: kink, y })),
                      },
                    ]),
              ],
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`ReLU is not in $C^2$: beyond the first kink the remainder is not the quadratic term.`,
    settings: { activation: "relu" },
  },
});

type Chosen = z.output<typeof settings>;

/** The judged nonlinearity, and ReLU beside it. */
function activations({ activation }: Chosen): readonly Chosen["activation"][] {
  return activation === "relu" ? ["relu"] : [activation, "relu"];
}

/** Weights of a network, inputs, and a direction of unit length in the space of all weights. */
function drawn({ dimension: d, width, samples, seed }: Chosen): {
  readonly weights: Matrix<Float64Array>;
  readonly readout: Float64Array;
  readonly change: { readonly weights: Matrix<Float64Array>; readonly readout: Float64Array };
  readonly x: Matrix<Float64Array>;
  readonly gamma: number;
} {
  const generator = random(seed);
  const weights = gaussianMatrix(width, d, generator, { std: 1 / Math.sqrt(d) });
  const readout = randomSigns(width, generator);
  const direction = gaussianVector(width * (d + 1), generator);
  const length = Math.hypot(...direction);
  const unit = direction.map((value) => value / length);
  return {
    weights,
    readout,
    change: {
      weights: { data: unit.subarray(0, width * d), rows: width, cols: d },
      readout: unit.subarray(width * d),
    },
    x: spherePoints(samples, d, generator),
    gamma: 1 / Math.sqrt(width),
  };
}

/** ‖R‖ over the inputs at every distance, and how far features are from the derivative of the network. */
async function remainders(
  engine: Engine,
  chosen: Chosen,
  name: Chosen["activation"],
): Promise<{
  readonly name: Chosen["activation"];
  readonly remainders: readonly number[];
  readonly featureError: number;
}> {
  const { dimension: d, width, distances } = chosen;
  const { weights, readout, change, x, gamma } = drawn(chosen);
  const { value, slope } = activationFunctions({ name });
  const random = await hiddenFeatures(engine, x, weights, value, gamma);
  const slopes = await hiddenFeatures(engine, x, weights, slope, gamma / Math.sqrt(d));
  for (let at = 0; at < slopes.data.length; at++) slopes.data[at]! *= readout[at % width]!;
  const tangent = tangentFeatures(x, slopes);
  const linear = Array.from(
    { length: x.rows },
    (_, k) => rowTimes(random, k, change.readout) + Math.sqrt(d) * rowTimes(tangent, k, change.weights.data),
  );

  const network = denseNetwork(engine, {
    inputs: d,
    widths: [width],
    activation: name,
    parameterization: { kind: "scaled", gamma },
  });
  const theta = Float64Array.from([...weights.data, ...readout]);
  const direction = Float64Array.from([...change.weights.data, ...change.readout]);
  const start = await network.tangent(theta, x, direction);
  const found: number[] = [];
  for (const h of distances) {
    const { data } = await network.value(
      theta.map((value, p) => value + h * direction[p]!),
      x,
    );
    found.push(Math.hypot(...linear.map((slope, k) => data[k]! - start.value.data[k]! - h * slope)));
  }
  const featureError =
    Math.hypot(...linear.map((slope, k) => slope - start.tangent.data[k]!)) / Math.hypot(...linear);
  return { name, remainders: found, featureError };
}

function rowTimes(a: Matrix, row: number, v: Float64Array): number {
  return v.reduce((sum, value, j) => sum + value * a.data[row * a.cols + j]!, 0);
}
