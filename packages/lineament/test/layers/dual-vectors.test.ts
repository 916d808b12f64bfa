import { expect, test } from "vitest";
import { type ActivationInput, dualOf } from "../../src/layers/index.ts";
import { type ReferenceParameters, referenceActivation } from "../contracts/reference-networks.ts";
import vectors from "../vectors/infinite-width.json" with { type: "json" };
import linearized from "../vectors/linearized-networks.json" with { type: "json" };

interface DualVector {
  readonly activation: string;
  readonly params: ReferenceParameters;
  readonly points: readonly { a: number; b: number; c: number; k: number; kdot: number }[];
  readonly moments: readonly { a: number; mean: number; meanSlope: number }[];
  readonly tolerance: { readonly relToMax: number };
}

for (const entry of vectors.dualActivations as unknown as readonly DualVector[]) {
  const { activation, params, points, moments, tolerance } = entry;
  const dual = dualOf(referenceActivation(activation, params));
  test(`κ, κ̇ and moments of ${activation} ${JSON.stringify(params)} are those of the reference`, () => {
    const expectClose = (got: readonly number[], expected: readonly number[], scale: number): void =>
      got.forEach((value, i) =>
        expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(tolerance.relToMax * scale),
      );
    const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs));
    const kappas = points.map(({ k }) => k);
    const slopes = points.map(({ kdot }) => kdot);
    const means = moments.map(({ mean }) => mean);
    const meanSlopes = moments.map(({ meanSlope }) => meanSlope);
    // A moment that is 0 for all variances has digits of rounding in the file: both moments share a scale.
    const moment = largest([...means, ...meanSlopes]);
    expectClose(
      points.map(({ a, b, c }) => dual.value(a, b, c)),
      kappas,
      largest(kappas),
    );
    expectClose(
      points.map(({ a, b, c }) => dual.slope(a, b, c)),
      slopes,
      largest(slopes),
    );
    expectClose(
      moments.map(({ a }) => dual.mean(a)),
      means,
      moment,
    );
    expectClose(
      moments.map(({ a }) => dual.meanSlope(a)),
      meanSlopes,
      moment,
    );
  });
}

interface Case {
  readonly id: string;
  readonly inputs: unknown;
  readonly expected: unknown;
  readonly tol: { readonly abs: number };
}
const cases = linearized.cases as readonly Case[];
const find = (id: string): Case => cases.find((one) => one.id === id)!;

test("LZ-V01: arc-cosine kernels of degrees 0, 1 and 2", () => {
  const { inputs, expected, tol } = find("LZ-V01");
  const orders = expected as Record<string, number[]>;
  (inputs as { theta: number[] }).theta.forEach((theta, i) => {
    for (const degree of [0, 1, 2]) {
      const got = dualOf({ name: "rectified-monomial", degree }).value(1, 1, Math.cos(theta));
      expect(Math.abs(got - orders[`order${degree}`]![i]!)).toBeLessThanOrEqual(tol.abs);
    }
  });
});

test("LZ-V02: relu kernels on the sphere", () => {
  const { inputs, expected, tol } = find("LZ-V02");
  const { KRF, KNT } = expected as { KRF: number[]; KNT: number[] };
  const relu = dualOf({ name: "relu" });
  (inputs as { rho: number[] }).rho.forEach((rho, i) => {
    expect(Math.abs(relu.value(1, 1, rho) - KRF[i]!)).toBeLessThanOrEqual(tol.abs);
    expect(Math.abs(rho * relu.slope(1, 1, rho) - KNT[i]!)).toBeLessThanOrEqual(tol.abs);
  });
});

for (const { id, inputs, expected, tol } of cases.filter(({ id }) => /^LZ-V0[34]/.test(id))) {
  const { activation, cov } = inputs as { activation: string; cov: [number, number, number][] };
  test(`${id}: E[φ(u) φ(v)] of ${activation}`, () => {
    const short: Record<string, ActivationInput> = {
      abs: { name: "absolute" },
      "leakyRelu(0.2)": { name: "leaky-relu", slope: 0.2 },
      normalCdf: { name: "normal-cdf" },
      relu2: { name: "rectified-monomial", degree: 2 },
      step: { name: "rectified-monomial", degree: 0 },
    };
    const name = activation.replace("Deriv", "");
    const dual = dualOf(short[name] ?? ({ name } as ActivationInput));
    const part = activation.endsWith("Deriv") ? dual.slope : dual.value;
    cov.forEach(([a, b, c], i) =>
      expect(Math.abs(part(a, b, c) - (expected as number[])[i]!)).toBeLessThanOrEqual(tol.abs),
    );
  });
}
