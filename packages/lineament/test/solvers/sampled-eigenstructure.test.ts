import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, type Matrix, zeros } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import {
  eigenframework,
  type Eigenstructure,
  knownEigenstructure,
  ridgeSpectrum,
  type SampledEigenstructure,
  sampledEigenstructure,
} from "../../src/solvers/index.ts";
import { filled, normals } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

// Independent Gaussian features with eigenvalues i^−α: there the eigenframework is exact as n grows. Features left out act as
// a further ridge, which is added to the kernel matrix as such.
const FEATURES = 2000;
const ALPHA = 1.5;
const NOISE = 0.1;
const eigenvalues = Array.from({ length: FEATURES }, (_, i) => (i + 1) ** -ALPHA);
// Energies i^−1.6, so that there is always more to learn.
const energies = eigenvalues.map((_, i) => (i + 1) ** -1.6);
const tail = (FEATURES + 0.5) ** (1 - ALPHA) / (ALPHA - 1);
const known = knownEigenstructure({ eigenvalues, tail, energies, noise: NOISE });

async function sampled(n: number, seed: number): Promise<SampledEigenstructure> {
  const z = normals(n, FEATURES, seed);
  const noise = normals(n, 1, seed + 1000);
  const y = filled(n, 1, (i) => {
    let value = Math.sqrt(NOISE) * noise.data[i]!;
    for (let j = 0; j < FEATURES; j++)
      value += Math.sqrt(energies[j]!) * (j % 2 ? -1 : 1) * z.data[i * FEATURES + j]!;
    return value;
  });
  for (let at = 0; at < z.data.length; at++) z.data[at]! *= Math.sqrt(eigenvalues[at % FEATURES]!);
  const k = zeros(n, n);
  await engine.syrk({ a: z, c: k });
  for (let i = 0; i < n; i++) k.data[i * n + i]! += tail;
  return sampledEigenstructure(engine, await ridgeSpectrum(engine, k, y));
}

describe("on features whose eigenvalues are known", () => {
  const n = 300;
  let structures: SampledEigenstructure[];
  beforeAll(async () => {
    structures = [];
    for (let seed = 0; seed < 4; seed++) structures.push(await sampled(n, seed));
  });
  /** The mean over draws, so that what is left is bias. */
  const mean = (value: (structure: Eigenstructure) => number): number =>
    structures.reduce((sum, structure) => sum + value(structure) / structures.length, 0);

  test.each([0.3, 0.03, 0.005])("the three functions at κ = %d are those of the kernel", (kappa) => {
    const exact = known.at(kappa);
    // Of dimensions only the draw of 300 rows is left; the error of 1,200 left-out rows has a standard error of some 4 %.
    expect(mean((one) => one.at(kappa).dimension) / exact.dimension).toBeCloseTo(1, 1.3);
    expect(mean((one) => one.at(kappa).squaredDimension) / exact.squaredDimension).toBeCloseTo(1, 1.3);
    expect(Math.abs(mean((one) => one.at(kappa).remainder) / exact.remainder - 1)).toBeLessThan(0.12);
  });

  test.each([
    [75, 0.1],
    [75, 1],
    [150, 0.01],
    [300, 0.1],
    [600, 0.3],
    [1200, 1],
  ])("%d rows with ridge %d are predicted from 300", (rows, ridge) => {
    const exact = eigenframework(known, rows, ridge);
    const ratio = (name: "testError" | "trainError" | "noiseFactor"): number =>
      mean((one) => eigenframework(one, rows, ridge)[name]) / exact[name];
    expect(Math.abs(ratio("testError") - 1)).toBeLessThan(0.12);
    expect(Math.abs(ratio("trainError") - 1)).toBeLessThan(0.15);
    expect(Math.abs(ratio("noiseFactor") - 1)).toBeLessThan(0.03);
  });

  test("below the resolution power laws go on: four times the rows without ridge", () => {
    for (const structure of structures) {
      const { kappa } = eigenframework(structure, 4 * n);
      expect(kappa).toBeLessThan(structure.resolution);
    }
    const exact = eigenframework(known, 4 * n);
    expect(Math.abs(mean((one) => eigenframework(one, 4 * n).testError) / exact.testError - 1)).toBeLessThan(
      0.2,
    );
  });

  test("the decay and its amplitude are those of the eigenvalues", () => {
    for (const { laws } of structures) {
      expect(Math.abs(laws.decay / ALPHA - 1)).toBeLessThan(0.15);
      // λ_i ≈ C i^−α in the middle of what 300 rows resolve.
      expect(Math.abs((laws.amplitude * 100 ** -laws.decay) / 100 ** -ALPHA - 1)).toBeLessThan(0.2);
    }
  });

  test("the functions are monotone, and continuous at the resolution", () => {
    for (const structure of structures) {
      const { resolution } = structure;
      const kappas = Array.from({ length: 60 }, (_, i) => resolution * 10 ** (i / 10 - 2));
      const values = kappas.map((kappa) => structure.at(kappa));
      for (let i = 1; i < values.length; i++)
        expect(values[i]!.dimension).toBeLessThan(values[i - 1]!.dimension);
      const [below, above] = [0.999999, 1.000001].map((f) => structure.at(f * resolution)) as [
        ReturnType<Eigenstructure["at"]>,
        ReturnType<Eigenstructure["at"]>,
      ];
      expect(below.dimension / above.dimension).toBeCloseTo(1, 4);
      expect(below.squaredDimension / above.squaredDimension).toBeCloseTo(1, 4);
      expect(below.remainder / above.remainder).toBeCloseTo(1, 4);
    }
  });
});

describe("at the edges", () => {
  const of = async (k: Matrix, y: Matrix): Promise<SampledEigenstructure> =>
    sampledEigenstructure(engine, await ridgeSpectrum(engine, k, y));

  test("pure noise has nothing to learn: the noise is its variance, and more rows leave the error there", async () => {
    const n = 200;
    const x = normals(n, FEATURES, 5);
    for (let at = 0; at < x.data.length; at++) x.data[at]! *= Math.sqrt(eigenvalues[at % FEATURES]!);
    const k = zeros(n, n);
    await engine.syrk({ a: x, c: k });
    const structure = await of(k, normals(n, 1, 6));
    // 200 squares of normals: a standard error of 10 %.
    expect(Math.abs(structure.laws.noise - 1)).toBeLessThan(0.3);
    const { testError } = eigenframework(structure, 100 * n, 10);
    expect(Math.abs(testError - 1)).toBeLessThan(0.3);
  });

  test("a kernel of three directions has dimension three, however many rows: no decay, no growth", async () => {
    const n = 60;
    const x = normals(n, 3, 7);
    const k = zeros(n, n);
    await engine.syrk({ a: x, c: k });
    const noise = normals(n, 1, 8);
    const structure = await of(
      k,
      filled(n, 1, (i) => x.data[3 * i]! + 0.5 * noise.data[i]!),
    );
    expect(structure.at(structure.resolution).dimension).toBeCloseTo(3, 0);
    expect(eigenframework(structure, 10 * n).dimension).toBeCloseTo(3, 0);
    expect(eigenframework(structure, 10 * n).noiseFactor).toBeCloseTo(600 / 597, 2);
  });

  test("rows that occur twice spoil nothing", async () => {
    const n = 120;
    const x = normals(n / 2, 2, 9);
    const twice = filled(n, n, (i, j) => {
      const [a, b] = [i >> 1, j >> 1];
      return Math.exp(-Math.hypot(x.data[2 * a]! - x.data[2 * b]!, x.data[2 * a + 1]! - x.data[2 * b + 1]!));
    });
    const noise = normals(n, 1, 10);
    const structure = await of(
      twice,
      filled(n, 1, (i) => Math.sin(x.data[2 * (i >> 1)]!) + 0.3 * noise.data[i]!),
    );
    for (const rows of [30, 120, 500])
      for (const ridge of [0, 1e-3, 1]) {
        const { testError, noiseFactor } = eigenframework(structure, rows, ridge);
        expect(testError).toBeGreaterThan(0);
        expect(testError).toBeLessThan(10);
        expect(noiseFactor).toBeGreaterThanOrEqual(1);
      }
  });

  test("a kernel that is 0 is refused", async () => {
    await expect(of(zeros(3, 3), normals(3, 1))).rejects.toThrow(/largest eigenvalue of 0/);
  });
});
