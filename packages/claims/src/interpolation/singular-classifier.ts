import { correlationGaps, correlationMap, deepCorrelations, type Matrix, random } from "lineament";
import { z } from "zod";
import { atLeast, atMost, type Check, claim, verdict } from "../claim.ts";
import { dirichletClasses, orthantPoints, randomSigns, rowsOf } from "../data/index.ts";
import { curves, panels } from "../figures/index.ts";
import {
  deepClassifier,
  hermiteMixture,
  hilbertKernel,
  kernelVote,
  mean,
  median,
  nearestNeighbors,
  signAgreement,
  standardDeviation,
  tabulatedDeepKernel,
} from "../measures/index.ts";
import {
  dirichletLogOdds,
  logSingularKernel,
  optimalPowers,
  polynomialMap,
  singularVote,
} from "../predictions/index.ts";

const settings = z.object({
  layers: z
    .array(z.int().min(1).max(1000))
    .min(2)
    .max(12)
    .default([5, 10, 15, 20, 30, 60])
    .describe("hidden layers L of the networks with inverted kernel matrices"),
  samples: z.int().min(10).max(1000).default(200).describe("their training points in the orthant of S²"),
  randomTests: z.int().min(50).max(5000).default(400).describe("their test points"),
  randomDraws: z.int().min(1).max(50).default(3).describe("their data sets"),
  sizes: z
    .array(z.int().min(10).max(10_000))
    .min(2)
    .max(6)
    .default([100, 400, 1600])
    .describe("training points n of the Dirichlet data, ascending"),
  limitLayers: z
    .int()
    .min(1)
    .max(100_000)
    .default(1000)
    .describe("hidden layers of the networks on Dirichlet data, whose kernel matrix is diagonal"),
  testPoints: z.int().min(100).max(20_000).default(1000).describe("test points of the Dirichlet data"),
  total: z
    .int()
    .min(100)
    .max(1_000_000)
    .default(12_800)
    .describe(
      "training points in all Dirichlet data sets of one size: small ones are averaged over more draws",
    ),
  seed: z.int().min(0).default(0).describe("seed of points and labels"),
});

type Settings = z.output<typeof settings>;

/** Data of two classes, P(first) = 0.4, by ambient dimension: the manifold's dimension is one less. */
const problems = [
  { ambient: 2, positive: [1, 2], negative: [2, 1], prior: 0.4 },
  { ambient: 3, positive: [0.5, 0.5, 2.5], negative: [2.5, 0.1, 0.5], prior: 0.4 },
] as const;

/** What is compared on them. */
const rules = ["singular", "hilbert", "nearest"] as const;
const names = { singular: "deep network", hilbert: "Hilbert rule", nearest: "nearest neighbor" } as const;

export default claim({
  code: "IN-21",
  id: "interpolation/singular-classifier",
  title: "A deep network is a Hilbert rule, and better than the nearest neighbor",
  statement: String.raw`With $E\varphi=0<(E\varphi')^2<1$ the classifier $\mathrm{sgn}\,y^\top K_L^{-1}k_L(x)$ becomes $\mathrm{sgn}\sum_iy_i\psi(\langle x,x_i\rangle)$ for
    $L\gtrsim\log_{1/a}(n\,u_{\min}^{-\alpha/2})$: the inverse disappears, since $K_L/a^L$ has a diagonal that tends to infinity. With $\alpha$ the dimension of
    the data it agrees with the Hilbert rule $\mathrm{sgn}\sum_iy_i\|x-x_i\|^{-\alpha}$, and it averages label noise away where the nearest neighbor
    copies it.`,
  source: "Radhakrishnan, Belkin & Uhler, arXiv:2204.14126",
  status: "checked",
  seconds: 12,
  settings,
  full: { randomDraws: 10, testPoints: 2000, total: 32_000 },

  predict(chosen) {
    const map = polynomialMap(optimalPowers(2));
    const logKernel = (u: number): number => logSingularKernel(map, u);
    return {
      signs: randomProblems(chosen).map(({ train, test, labels }) => {
        const places = rowsOf(train);
        return rowsOf(test).map((x) =>
          singularVote(
            places.map((place) => gapOf(x, place)),
            labels,
            logKernel,
          ),
        );
      }),
      best: problems.map(({ positive, negative, prior }, p) => {
        const odds = dirichletLogOdds(positive, negative, prior);
        return dirichletProblems(chosen, p).map((draws) =>
          mean(draws.map(({ test }) => signAgreement(rowsOf(test.simplex).map(odds), test.labels))),
        );
      }),
    };
  },

  async measure(chosen, { engine, signal, progress }) {
    const map = correlationMap(hermiteMixture(optimalPowers(2)));
    const random = randomProblems(chosen);
    const byDepth = [];
    for (const depth of chosen.layers) {
      const draws = [];
      for (const problem of random) {
        signal.throwIfAborted();
        const values = await deepClassifier(engine, { map, depth, kernel: "nngp", ...problem });
        const nearest = leastGap(problem.train);
        const [log] = deepCorrelations(map, [nearest], depth).logNngp;
        draws.push({ values: Array.from(values), largest: Math.exp(log!) });
      }
      byDepth.push({ depth, draws });
      progress((0.3 * byDepth.length) / chosen.layers.length, `L = ${depth}`);
    }
    const byProblem = [];
    for (const [p, { ambient }] of problems.entries()) {
      const dimension = ambient - 1;
      const singular = tabulatedDeepKernel(
        correlationMap(hermiteMixture(optimalPowers(dimension))),
        chosen.limitLayers,
      );
      const hilbert = hilbertKernel(dimension);
      const bySize = [];
      for (const draws of dirichletProblems(chosen, p)) {
        const results = draws.map(({ train, test }) => {
          signal.throwIfAborted();
          const gaps = correlationGaps(test.x, train.x);
          const votes = {
            singular: kernelVote(singular, gaps, train.labels),
            hilbert: kernelVote(hilbert, gaps, train.labels),
            nearest: Array.from(nearestNeighbors(train.x, test.x), (i) => train.labels[i]!),
          };
          return {
            ...(Object.fromEntries(
              rules.map((rule) => [rule, signAgreement(votes[rule], test.labels)]),
            ) as Record<(typeof rules)[number], number>),
            agreement: signAgreement(votes.singular, votes.hilbert),
          };
        });
        bySize.push(results);
        progress(
          0.3 + (0.35 * (p * chosen.sizes.length + bySize.length)) / chosen.sizes.length,
          `ambient ${ambient}`,
        );
      }
      byProblem.push({ ambient, bySize });
    }
    return { byDepth, byProblem };
  },

  judge({ signs }, { byDepth, byProblem }, { sizes }) {
    const settled = byDepth.filter(({ depth }) => depth >= 20);
    const excess = ({ bySize }: (typeof byProblem)[number], from: number): number =>
      Math.min(
        ...bySize.flatMap((results, s) =>
          sizes[s]! >= from ? [mean(results.map(({ singular, nearest }) => singular - nearest))] : [],
        ),
      );
    return verdict([
      ...settled.flatMap(({ depth, draws }): Check[] => [
        atLeast(
          `agreement with the rule of ψ, L = ${depth}`,
          mean(draws.map(({ values }, k) => signAgreement(values, signs[k]!))),
          0.99,
        ),
        atMost(
          `median of the largest correlation off the diagonal, L = ${depth}`,
          median(draws.map(({ largest }) => largest)),
          0.2,
        ),
      ]),
      atLeast(
        "least agreement of deep networks with Hilbert rules",
        Math.min(
          ...byProblem.flatMap(({ bySize }) =>
            bySize.map((all) => mean(all.map(({ agreement }) => agreement))),
          ),
        ),
        0.99,
      ),
      atLeast(
        "accuracy above the nearest neighbor's, ambient dimension 2, n ≥ 400",
        excess(byProblem[0]!, 400),
        0.03,
      ),
      atLeast("accuracy above the nearest neighbor's, ambient dimension 3", excess(byProblem[1]!, 0), 0.008),
    ]);
  },

  figures({ signs, best }, { byDepth, byProblem }, { sizes, samples, total }) {
    return [
      {
        name: "agreement",
        title: "Agreement of deep networks with the rule of ψ",
        caption: String.raw`${samples} points in the orthant of $\mathbb S^2$ with random labels, dual $\frac12(\xi+\xi^3)$, NNGP kernel with its inverse.`,
        spec: curves({
          x: { title: "hidden layers L" },
          y: { title: "share of test points with equal class" },
          series: [
            {
              label: "limit",
              role: "prediction",
              points: [byDepth[0]!.depth, byDepth.at(-1)!.depth].map((x) => ({ x, y: 1 })),
            },
            {
              label: "deep network",
              role: "measurement",
              points: byDepth.map(({ depth, draws: all }) => {
                const shares = all.map(({ values }, k) => signAgreement(values, signs[k]!));
                return { x: depth, y: mean(shares), error: standardDeviation(shares) };
              }),
            },
          ],
        }),
      },
      {
        name: "accuracy",
        title: "Accuracy against the number of examples",
        caption: String.raw`Two Dirichlet distributed classes on the circle and on the sphere; means over data sets of ${total} points in all, with standard errors. Line: the best
          classifier on the same test points.`,
        spec: panels({
          columns: 2,
          panels: byProblem.map(({ ambient, bySize }, p) => ({
            title: `ambient dimension ${ambient}, d = ${ambient - 1}`,
            x: { title: "training points n", scale: "log" as const },
            y: { title: "accuracy" },
            series: [
              {
                label: "best possible",
                role: "prediction" as const,
                points: sizes.map((x, s) => ({ x, y: best[p]![s]! })),
              },
              ...rules.map((rule) => ({
                label: names[rule],
                role: "measurement" as const,
                points: sizes.map((x, s) => {
                  const values = bySize[s]!.map((one) => one[rule]);
                  return { x, y: mean(values), error: standardDeviation(values) / Math.sqrt(values.length) };
                }),
              })),
            ],
          })),
        }),
      },
    ];
  },

  contrast: {
    statement: String.raw`A few layers are too few for the inverse to disappear and for noise to be averaged as by the Hilbert rule.`,
    settings: { layers: [5, 20], limitLayers: 4, randomDraws: 1, sizes: [100, 400], total: 800 },
  },
});

/** The least gap of two of the points. */
function leastGap(points: Matrix): number {
  const gaps = correlationGaps(points);
  return gaps.reduce((least, gap, at) => (at % (points.rows + 1) === 0 ? least : Math.min(least, gap)), 1);
}

function gapOf(x: readonly number[], z: readonly number[]): number {
  return x.reduce((sum, value, k) => sum + (value - z[k]!) ** 2, 0) / 2;
}

function randomProblems({ samples, randomTests, randomDraws, seed }: Settings) {
  const generator = random(seed);
  return Array.from({ length: randomDraws }, () => ({
    train: orthantPoints(samples, 3, generator),
    test: orthantPoints(randomTests, 3, generator),
    labels: randomSigns(samples, generator),
  }));
}

/** By size: the data sets. */
function dirichletProblems({ sizes, total, testPoints, seed }: Settings, p: number) {
  const generator = random(1000 * (p + 1) + seed);
  return sizes.map((n) =>
    Array.from({ length: Math.max(2, Math.round(total / n)) }, () => ({
      train: dirichletClasses(n, problems[p]!, generator),
      test: dirichletClasses(testPoints, problems[p]!, generator),
    })),
  );
}
