import { z } from "zod";
import { type Check, claim, verdict } from "../claim.ts";
import { curves } from "../figures/index.ts";
import { zonalEnergies } from "../measures/index.ts";
import { degreeNeeded, degreeNeededLaw } from "../predictions/index.ts";

const settings = z.object({
  errors: z
    .array(z.number().min(1e-4).max(0.5))
    .min(1)
    .max(12)
    .default([0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001])
    .describe("squared errors ε, as fractions of ‖f‖²"),
  dimension: z.int().min(3).max(300).default(30).describe("finite dimension d; d = ∞ is added"),
  finiteErrors: z
    .int()
    .min(1)
    .max(12)
    .default(6)
    .describe("how many of the errors are asked for in the finite dimension"),
});

/** Enough for ε = 10⁻⁴ at d = ∞, where 90 are needed. */
const degree = 92;

export default claim({
  code: "LZ-12",
  id: "linearized/sample-cost",
  title: "Kernels pay d to a power of 1/ε for one ReLU neuron",
  statement: String.raw`To learn $f(x)=\mathrm{ReLU}(\langle w,x\rangle)$ up to a squared error of $\epsilon\|f\|^2$, a rotation-invariant kernel needs
    the smallest degree $\ell$ with $\|P_{>\ell}f\|^2\le\epsilon\|f\|^2$, and hence about $n\approx d^{\ell(\epsilon)}$ samples. At $d=\infty$
    $\ell(\epsilon)\simeq(0.0847/\epsilon)^{2/3}$: $n=d^{\Theta(\epsilon^{-2/3})}$ for a squared error, $d^{\Theta(\epsilon^{-4/3})}$ for an error in norm.`,
  source: "Lecture 11: Linearized Networks, §1 (cost of kernels), made exact",
  status: "proved",
  seconds: 1,
  settings,

  predict({ errors, dimension, finiteErrors }) {
    return {
      limit: errors.map((error) => degreeNeeded(error, Infinity)),
      law: errors.map(degreeNeededLaw),
      finite: errors.slice(0, finiteErrors).map((error) => degreeNeeded(error, dimension)),
    };
  },

  async measure({ errors, dimension, finiteErrors }) {
    const relu = (z: number): number => Math.max(0, z);
    const needed = (d: number, asked: readonly number[]): (number | undefined)[] => {
      const energies = zonalEnergies(relu, d, degree);
      return asked.map((error) => {
        let left = 1;
        const found = energies.findIndex((energy) => (left -= 2 * energy) <= error);
        return found < 0 ? undefined : found;
      });
    };
    return { limit: needed(Infinity, errors), finite: needed(dimension, errors.slice(0, finiteErrors)) };
  },

  judge({ limit, finite }, measured, { errors, dimension }) {
    return verdict([
      ...limit.map((value, i) => equal(`degree for ε = ${errors[i]!}, d = ∞`, measured.limit[i], value)),
      ...finite.map((value, i) =>
        equal(`degree for ε = ${errors[i]!}, d = ${dimension}`, measured.finite[i], value),
      ),
    ]);
  },

  figures: ({ limit, law, finite }, measured, { errors, dimension }) => [
    {
      name: "degree-needed",
      title: "The degree, and so the exponent of d, that an error costs",
      caption: String.raw`Closed form against numerical integration. Reading: at $\epsilon=0.01$ degree 4 is needed, so about $d^4$ samples; one
        neuron trained by gradient descent needs a few times $d$.`,
      spec: curves({
        x: { title: "squared error ε, as a fraction of ‖f‖²", scale: "log" },
        y: { title: "degree needed (exponent of d in n)", scale: "log" },
        series: [
          line("d = ∞", "prediction", errors, limit),
          line("d = ∞", "measurement", errors, measured.limit),
          line(`d = ${dimension}`, "prediction", errors, finite),
          line(`d = ${dimension}`, "measurement", errors, measured.finite),
          line("(0.0847 / ε)^(2/3)", "bound", errors, law),
        ],
      }),
    },
  ],
});

function line<Role extends string>(
  label: string,
  role: Role,
  errors: readonly number[],
  degrees: readonly (number | undefined)[],
): { label: string; role: Role; points: { x: number; y: number }[] } {
  return { label, role, points: degrees.map((y, i) => ({ x: errors[i]!, y: y ?? NaN })) };
}

function equal(name: string, measured: number | undefined, predicted: number): Check {
  return {
    name,
    measured: measured ?? Infinity,
    predicted,
    condition: `exactly ${predicted}`,
    holds: measured === predicted,
  };
}
