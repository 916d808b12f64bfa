import { evaluate, gradientOuterProduct, type Matrix, random, type Random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, claim, type Laboratory, verdict, within } from "../claim.ts";
import {
  digits,
  type ImageSet,
  type Regression,
  shuffledColumns,
  signsOf,
  spuriousCoordinate,
  withLabels,
} from "../data/index.ts";
import { bars, curves } from "../figures/index.ts";
import {
  accuracy,
  diagonalShares,
  featureIterations,
  largestPlaces,
  mean,
  standardDeviation,
  trainRelu,
} from "../measures/index.ts";
import { spuriousAccuracy } from "../predictions/index.ts";

const settings = z.object({
  rho: z
    .number()
    .min(0)
    .max(0.99)
    .default(0.9)
    .describe("ρ, correlation of the spurious input with the label in training; 0 is compared with it"),
  rows: z.int().min(200).max(5000).default(1000).describe("training examples of the synthetic task"),
  testRows: z.int().min(200).max(20_000).default(2000).describe("its test examples, at each correlation"),
  noise: z.int().min(1).max(100).default(10).describe("its inputs of noise"),
  draws: z.int().min(1).max(20).default(5).describe("draws of it; the verdict is about the mean"),
  shuffles: z.int().min(1).max(200).default(20).describe("shuffles of the marked pixel among test digits"),
  steps: z.int().min(100).max(50_000).default(2000).describe("steps of the networks"),
  seed: z.int().min(0).default(0).describe("seed of examples, shuffles and networks"),
});
type Settings = z.output<typeof settings>;

/** The spurious coordinate of the synthetic task, and the marked pixel. */
const [spurious, marked] = [2, 0];
/** Correlations at test time, in units of ρ: as in training, less, none, reversed. */
const shifts = [1, 0.5, 0, -0.5, -1];
/** Correlations of the marked pixel with the label in training. */
const markings = [1, 0.9, 0];

export default claim({
  code: "FL-14",
  id: "features/spurious-features",
  title: "What a predictor wrongly relies on is visible in its gradients",
  statement: String.raw`Labels $y=\mathrm{sgn}(x_0x_1)$, and an input $x_2$ that agrees with them with probability $(1+\rho)/2$ in training. With $\rho=0.9$ this spurious
    input gets weight in the metric of a feature machine and in the average gradient outer product of a network, and accuracy falls
    when the correlation is broken; with $\rho=0$ neither happens. The diagonal of $M$ shows it without a shifted test
    set. The feature machine is much less misled than the network. On digits, 3 against 8, with one pixel that marks the class, that
    pixel comes first, and predictions are those of the pixel.`,
  source:
    "Radhakrishnan et al., arXiv:2212.13881; digits: Alpaydin & Kaynak, doi:10.24432/C50P49 (CC BY 4.0)",
  status: "checked",
  seconds: 10,
  settings,
  full: { draws: 10, testRows: 10_000 },

  predict: ({ rho }) => ({
    /** By test correlation: one who goes by the spurious input, and one who does not. */
    misled: shifts.map((shift) => ({ x: shift * rho, y: spuriousAccuracy(shift * rho) })),
    right: shifts.map((shift) => ({ x: shift * rho, y: 1 })),
    marked: { shuffled: spuriousAccuracy(0), reversed: spuriousAccuracy(-1) },
  }),

  async measure(chosen, laboratory) {
    const generator = random(chosen.seed);
    const byRho = [];
    for (const [k, rho] of [chosen.rho, 0].entries()) {
      const machines: Reliance[] = [];
      const networks: Reliance[] = [];
      for (let draw = 0; draw < chosen.draws; draw++) {
        const both = await relianceOn(rho, chosen, draw, generator, laboratory);
        machines.push(both.machine);
        networks.push(both.network);
        laboratory.progress(0.35 * (k + (draw + 1) / chosen.draws), `ρ = ${rho}`);
      }
      byRho.push({ rho, machine: averaged(machines, chosen.rho), network: averaged(networks, chosen.rho) });
    }
    laboratory.progress(0.7, "digits");
    const { train, test } = await digits();
    const [trainDigits, testDigits] = [withLabels(train, [3, 8]), withLabels(test, [3, 8])];
    const byMarking = [];
    for (const rho of markings)
      byMarking.push({
        rho,
        ...(await relianceOnPixel(
          markedDigits(trainDigits, rho, generator),
          markedDigits(testDigits, rho, generator),
          chosen.shuffles,
          generator,
          laboratory,
        )),
      });
    return { byRho, byMarking };
  },

  judge({ marked }, { byRho, byMarking }) {
    const [correlated, uncorrelated] = byRho;
    const gap = ({ accuracies }: Averaged): number => accuracies[0]!.mean - accuracies[2]!.mean;
    const [always, , never] = byMarking;
    const rho = `ρ = ${correlated!.rho}`;
    return verdict([
      atLeast(`feature machine, ${rho}: share of the spurious input`, correlated!.machine.share, 0.04),
      atMost("feature machine, ρ = 0: share of the spurious input", uncorrelated!.machine.share, 0.01, 0),
      atLeast(`feature machine, ${rho}: accuracy`, correlated!.machine.accuracies[0]!.mean, 0.95),
      atLeast("the same − accuracy without the correlation", gap(correlated!.machine), 0.1),
      atMost("feature machine, ρ = 0: the same difference", Math.abs(gap(uncorrelated!.machine)), 0.02, 0),
      atLeast(
        `network: share of the spurious input, ${rho}, − the same with ρ = 0`,
        correlated!.network.share - uncorrelated!.network.share,
        0,
      ),
      atLeast(`network, ${rho}: accuracy − accuracy without the correlation`, gap(correlated!.network), 0.25),
      atMost("digits, ρ = 1: rank of the marked pixel", always!.rank, 1, 1),
      atLeast("digits, ρ = 1: share of the marked pixel", always!.share, 0.7),
      within("digits, ρ = 1: accuracy, pixel shuffled", always!.shuffled, 0.4, 0.6, marked.shuffled),
      atMost("digits, ρ = 1: accuracy, pixel reversed", always!.reversed, 0.1, marked.reversed),
      atLeast("digits, ρ = 0: rank of the marked pixel", never!.rank, 10),
    ]);
  },

  figures({ misled, right }, { byRho, byMarking }, { draws }) {
    const [correlated, uncorrelated] = byRho;
    const series = (label: string, { accuracies }: Averaged) => ({
      label,
      role: "measurement" as const,
      points: accuracies.map(({ x, mean, deviation }) => ({ x, y: mean, error: deviation })),
    });
    return [
      {
        name: "shift",
        title: "Accuracy when the correlation changes",
        caption: String.raw`Trained where the spurious input has correlation ${correlated!.rho} with the label, or none, and tested where it has another one: mean and standard
          deviation of ${draws} draws. Lines: going by the spurious input alone, and not at all.`,
        spec: curves({
          x: { title: "correlation of the spurious input at test time" },
          y: { title: "test accuracy", domain: [0, 1.05] },
          series: [
            { label: "spurious input only", role: "prediction", points: misled },
            { label: "without it", role: "prediction", points: right },
            series(`network, ρ = ${correlated!.rho}`, correlated!.network),
            series(`feature machine, ρ = ${correlated!.rho}`, correlated!.machine),
            series("feature machine, ρ = 0", uncorrelated!.machine),
          ],
        }),
      },
      {
        name: "importances",
        title: "Gradients tell what predictors rely on",
        caption: String.raw`Shares of the diagonal of the metric of the feature machine, and of the average gradient outer product of the network. Labels depend on
          inputs 0 and 1; input ${spurious} is spurious, the others are noise.`,
        spec: bars({
          x: { title: "input", categories: correlated!.machine.shares.map((_, k) => String(k)) },
          y: { title: "share of the trace" },
          series: byRho.flatMap(({ rho, machine, network }) => [
            { label: `feature machine, ρ = ${rho}`, role: "measurement" as const, values: machine.shares },
            { label: `network, ρ = ${rho}`, role: "measurement" as const, values: network.shares },
          ]),
        }),
      },
      {
        name: "digits",
        title: "Digits with a pixel that marks the class",
        caption: String.raw`Accuracy of 3 against 8 as it is, with the marked pixel shuffled among test digits, and reversed; and the share of that pixel in the
          trace of the metric. Its rank among 64 is ${byMarking.map(({ rho, rank }) => `${rank} for $\\rho=${rho}$`).join(", ")}.`,
        spec: bars({
          x: {
            title: "correlation of the pixel in training",
            categories: byMarking.map(({ rho }) => String(rho)),
          },
          y: { title: "accuracy, share", domain: [0, 1.05] },
          series: [
            { label: "accuracy", role: "measurement", values: byMarking.map(({ clean }) => clean) },
            {
              label: "accuracy, pixel shuffled",
              role: "measurement",
              values: byMarking.map(({ shuffled }) => shuffled),
            },
            {
              label: "accuracy, pixel reversed",
              role: "measurement",
              values: byMarking.map(({ reversed }) => reversed),
            },
            {
              label: "share of the pixel",
              role: "measurement",
              values: byMarking.map(({ share }) => share),
            },
          ],
        }),
      },
    ];
  },

  contrast: {
    statement:
      "A spurious input of correlation 0.1 says too little: nobody relies on it, and its share is that of noise.",
    settings: { rho: 0.1, draws: 1 },
  },
});

interface Reliance {
  readonly shares: readonly number[];
  /** By test correlation. */
  readonly accuracies: readonly number[];
}

/** How much a feature machine and a network rely on the spurious input. */
async function relianceOn(
  rho: number,
  { rho: shifted, rows, testRows, noise, steps, seed }: Settings,
  draw: number,
  generator: Random,
  { engine, signal }: Laboratory,
): Promise<{ readonly machine: Reliance; readonly network: Reliance }> {
  const train = spuriousCoordinate(rows, rho, noise, generator);
  const tests = shifts.map((shift) => spuriousCoordinate(testRows, shift * shifted, noise, generator));
  const last = (await featureIterations(engine, { ...train, unseen: tests[0]!.x, signal })).at(-1)!;
  const options = { ...train, scale: 0.3, steps, seed: 1000 * seed + draw, signal };
  const { network, parameters } = await trainRelu(engine, options);
  const byMachine: number[] = [];
  const byNetwork: number[] = [];
  for (const { x, y } of tests) {
    byMachine.push(accuracy(await evaluate(engine, last.expansion, { coordinates: x }, signal), y));
    byNetwork.push(accuracy(await network.value(parameters, x), y));
  }
  const gradients = await gradientOuterProduct(network, parameters, train.x);
  return {
    machine: { shares: diagonalShares(last.metric), accuracies: byMachine },
    network: { shares: diagonalShares(gradients), accuracies: byNetwork },
  };
}

interface Averaged {
  /** Of the spurious input, and of all. */
  readonly share: number;
  readonly shares: readonly number[];
  readonly accuracies: readonly { readonly x: number; readonly mean: number; readonly deviation: number }[];
}

function averaged(draws: readonly Reliance[], rho: number): Averaged {
  const shares = draws[0]!.shares.map((_, k) => mean(draws.map((draw) => draw.shares[k]!)));
  return {
    share: shares[spurious]!,
    shares,
    accuracies: shifts.map((x, k) => {
      const values = draws.map(({ accuracies }) => accuracies[k]!);
      return { x: x * rho, mean: mean(values), deviation: standardDeviation(values) };
    }),
  };
}

/** Labels 1 for an 8 and −1 for a 3; the marked pixel is 1 for an 8, 0 for a 3, and flipped with probability (1 − ρ)/2. */
function markedDigits({ x, labels }: ImageSet, rho: number, generator: Random): Regression {
  const y = signsOf(labels, 8);
  const data = x.data.slice();
  for (let i = 0; i < x.rows; i++) {
    const flipped = generator.uniform() < (1 - rho) / 2;
    data[i * x.cols + marked] = y.data[i]! > 0 !== flipped ? 1 : 0;
  }
  return { x: { ...x, data }, y };
}

async function relianceOnPixel(
  train: Regression,
  test: Regression,
  shuffles: number,
  generator: Random,
  { engine, signal }: Laboratory,
) {
  const last = (await featureIterations(engine, { ...train, unseen: test.x, signal })).at(-1)!;
  const at = async (x: Matrix<Float64Array>): Promise<number> =>
    accuracy(await evaluate(engine, last.expansion, { coordinates: x }, signal), test.y);
  const shuffled: number[] = [];
  for (let k = 0; k < shuffles; k++) shuffled.push(await at(shuffledColumns(test.x, [marked], generator)));
  const reversed = test.x.data.slice();
  for (let i = 0; i < test.x.rows; i++)
    reversed[i * test.x.cols + marked] = 1 - reversed[i * test.x.cols + marked]!;
  const shares = diagonalShares(last.metric);
  return {
    rank: 1 + largestPlaces(shares, shares.length).indexOf(marked),
    share: shares[marked]!,
    clean: accuracy(last.values, test.y),
    shuffled: mean(shuffled),
    reversed: await at({ ...test.x, data: reversed }),
  };
}
