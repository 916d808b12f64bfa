import { describe, expect, test } from "vitest";
import type { DenseActivation, DenseKernelsCall, DenseLayer, Engine } from "../../src/linalg/engine.ts";
import type { Matrix, Precision } from "../../src/linalg/matrix.ts";
import { asMatrix, convert, zeros } from "../../src/linalg/matrix.ts";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { normal } from "./normal.ts";
import vectors from "../vectors/infinite-width.json" with { type: "json" };

const relu: DenseActivation = { form: "piecewise-linear", negative: 0, positive: 1 };
const leaky: DenseActivation = { form: "piecewise-linear", negative: 0.1, positive: 1 };
const absolute: DenseActivation = { form: "piecewise-linear", negative: -1, positive: 1 };
const skewed: DenseActivation = { form: "piecewise-linear", negative: -0.5, positive: 2 };
const erf: DenseActivation = { form: "erf", amplitude: 1, frequency: 1, offset: 0 };
const shifted: DenseActivation = { form: "erf", amplitude: 2, frequency: 0.5, offset: 0.3 };

const layer = (activation?: DenseActivation, options: Partial<DenseLayer> = {}): DenseLayer => ({
  weightVariance: 1.5,
  biasVariance: 0.1,
  weightRate: 1,
  biasRate: 1,
  activation,
  ...options,
});

/** L times (dense, activation), then one more dense layer. */
export function connected(hidden: number, activation?: DenseActivation, options: Partial<DenseLayer> = {}) {
  return [...Array.from({ length: hidden }, () => layer(activation, options)), layer(undefined, options)];
}

const networks: Record<string, readonly DenseLayer[]> = {
  "no layer": [],
  "one dense layer": connected(0),
  "3 × relu without biases": connected(3, relu, { weightVariance: 2, biasVariance: 0 }),
  "6 × leaky relu": connected(6, leaky),
  "2 × absolute value": connected(2, absolute, { weightVariance: 1, biasVariance: 0.01 }),
  "1 × skewed": connected(1, skewed, { biasVariance: 0 }),
  "4 × erf": connected(4, erf),
  "2 × shifted erf, no dense layer behind": connected(2, shifted, { biasVariance: 0 }).slice(0, 2),
  "everything, some of it frozen": [
    layer(relu, { weightRate: 0 }),
    layer(),
    layer(shifted, { biasRate: 0.3, weightRate: 2 }),
    layer(skewed, { biasVariance: 0 }),
    layer(erf, { biasRate: 0 }),
  ],
};

interface Results {
  readonly nngp: Matrix;
  readonly ntk: Matrix;
  readonly nngpByCovariance: Matrix;
  readonly nngpByVariance: Matrix;
  readonly ntkByCovariance: Matrix;
  readonly ntkByVariance: Matrix;
}

type Inputs = Pick<DenseKernelsCall, "x" | "z" | "layers" | "scale">;

/** Everything that the primitive can say. */
async function everything(engine: Engine, call: Inputs, storage: Precision = "float64"): Promise<Results> {
  const out = (): Matrix => {
    const result = zeros(call.x.rows, (call.z ?? call.x).rows, storage);
    result.data.fill(NaN);
    return result;
  };
  const [nngp, ntk] = [out(), out()];
  const [nngpByCovariance, nngpByVariance, ntkByCovariance, ntkByVariance] = [out(), out(), out(), out()];
  await engine.denseKernels({ ...call, nngp, ntk });
  await engine.denseKernels({
    ...call,
    derivatives: { of: "nngp", byCovariance: nngpByCovariance, byVariance: nngpByVariance },
  });
  await engine.denseKernels({
    ...call,
    derivatives: { of: "ntk", byCovariance: ntkByCovariance, byVariance: ntkByVariance },
  });
  return { nngp, ntk, nngpByCovariance, nngpByVariance, ntkByCovariance, ntkByVariance };
}

/** What the plain engine says, computed once for all engines of a test file. */
const oracle = plainEngine();
const answers = new Map<string, Promise<Results>>();
function remember(key: string, call: Inputs): Promise<Results> {
  let answer = answers.get(key);
  if (!answer) {
    answer = everything(oracle, call);
    answers.set(key, answer);
  }
  return answer;
}

/** What `denseKernels` of every engine must satisfy. */
export function describeDenseKernels(engineOf: () => Engine): void {
  const run = (call: DenseKernelsCall): Promise<void> => engineOf().denseKernels(call);

  describe("denseKernels", () => {
    for (const [name, layers] of Object.entries(networks))
      for (const storage of ["float32", "float64"] as const)
        test(`${name}, ${storage}: values and derivatives, rectangular and symmetric`, async () => {
          const [x, z] = [normal(35, 7, storage, 1), normal(197, 7, storage, 2)];
          for (const inputs of [
            { x, z, layers, scale: 1 / 7 },
            { x: normal(97, 7, storage, 3), layers, scale: 1 / 7 },
          ]) {
            const want = await remember(`${name} ${storage} ${inputs.x === x}`, inputs);
            const got = await everything(engineOf(), inputs, storage);
            // Float64 arithmetic in whichever order; then one rounding to the storage precision.
            const tolerance = storage === "float32" ? 2 ** -24 : 1e-14 * (layers.length + 1);
            for (const output of Object.keys(want) as (keyof Results)[])
              close(got[output], want[output], tolerance, output);
          }
        });

    test("an output is the same whatever is asked for with it", async () => {
      const inputs = { x: normal(60, 7, "float64", 1), layers: networks["everything, some of it frozen"]! };
      const call = { ...inputs, scale: 1 / 7 };
      const [alone, both, beside] = [0, 1, 2].map(() => ({ nngp: zeros(60, 60), ntk: zeros(60, 60) }));
      await run({ ...call, nngp: alone!.nngp });
      await run({ ...call, ntk: alone!.ntk });
      await run({ ...call, ...both });
      for (const of of ["nngp", "ntk"] as const) {
        const derivatives = { of, byCovariance: zeros(60, 60), byVariance: zeros(60, 60) };
        await run({ ...call, ...beside, derivatives });
        for (const k of ["nngp", "ntk"] as const)
          for (const other of [both!, beside!]) close(other[k], alone![k], 4e-16, k);
      }
    });

    test("inputs and outputs may be stored in different precisions", async () => {
      const x = normal(20, 3, "float32", 4);
      const call = { layers: networks["4 × erf"]!, scale: 1 / 3 };
      const [mixed, wide] = [zeros(20, 20), zeros(20, 20)];
      await run({ ...call, x, ntk: mixed });
      await run({ ...call, x: convert(x, "float64"), ntk: wide });
      expect(mixed.data).toEqual(wide.data);
    });

    test("without z both kernels are exactly symmetric, and the diagonal is a recursion of its own", async () => {
      const n = 130;
      const x = normal(n, 5, "float64", 3);
      for (const [name, layers] of Object.entries(networks)) {
        const [nngp, ntk] = [zeros(n, n), zeros(n, n)];
        await run({ x, layers, scale: 0.2, nngp, ntk });
        for (const { data } of [nngp, ntk])
          for (let i = 0; i < n; i++)
            for (let j = 0; j < i; j++)
              if (data[i * n + j] !== data[j * n + i])
                throw new Error(`${name}: not symmetric at ${i}, ${j}`);
        for (const i of [0, 77, 129]) {
          let square = 0;
          for (let k = 0; k < 5; k++) square += x.data[i * 5 + k]! ** 2;
          const want = textbook(layers, 0.2 * square, 0.2 * square, 0.2 * square);
          expect(nngp.data[i * n + i]! / want.nngp - 1).toBeCloseTo(0, 13);
          if (layers.length > 0) expect(ntk.data[i * n + i]! / want.ntk - 1).toBeCloseTo(0, 13);
        }
      }
    });

    test("values are those of the textbook recursion in a, b and c", async () => {
      const [x, z] = [normal(9, 4, "float64", 5), normal(8, 4, "float64", 6)];
      const product = (u: Matrix, i: number, w: Matrix, j: number): number => {
        let sum = 0;
        for (let k = 0; k < 4; k++) sum += u.data[i * 4 + k]! * w.data[j * 4 + k]!;
        return sum / 4;
      };
      for (const layers of Object.values(networks)) {
        const [nngp, ntk] = [zeros(9, 8), zeros(9, 8)];
        await run({ x, z, layers, scale: 1 / 4, nngp, ntk });
        const [wantNngp, wantNtk] = [zeros(9, 8), zeros(9, 8)];
        for (let i = 0; i < 9; i++)
          for (let j = 0; j < 8; j++) {
            const want = textbook(layers, product(x, i, x, i), product(z, j, z, j), product(x, i, z, j));
            wantNngp.data[i * 8 + j] = want.nngp;
            wantNtk.data[i * 8 + j] = want.ntk;
          }
        close(nngp, wantNngp, 1e-13, "nngp");
        close(ntk, wantNtk, 1e-13, "ntk");
      }
    });

    test("fully connected networks agree with the reference vectors", async () => {
      let count = 0;
      for (const {
        activation,
        params,
        hiddenLayers,
        wVar,
        bVar,
        inputs,
        expected,
        tolerance,
      } of references()) {
        const x = asMatrix(inputs);
        const layers = connected(hiddenLayers, formOf(activation, params), {
          weightVariance: wVar,
          biasVariance: bVar,
        });
        for (const z of [undefined, asMatrix(inputs)]) {
          const [nngp, ntk] = [zeros(x.rows, x.rows), zeros(x.rows, x.rows)];
          await run({ x, z, layers, scale: 1 / x.cols, nngp, ntk });
          close(nngp, asMatrix(expected.nngp), tolerance.relToMax, "nngp");
          close(ntk, asMatrix(expected.ntk), tolerance.relToMax, "ntk");
        }
        count++;
      }
      expect(count).toBe(7 * 4 + 3); // six nonlinearities (erf twice) at four depths, and edge cases
    });

    test("derivatives are those of the kernels, by central differences in c₀ and a₀", async () => {
      // In a plane there are rows of every ‖x‖² and ⟨x, z⟩.
      const z = asMatrix([[1.3, 0]]);
      const at = (a: number, c: number): Matrix => asMatrix([[c / 1.3, Math.sqrt(a - (c / 1.3) ** 2)]]);
      const step = 1e-5;
      for (const [name, layers] of Object.entries(networks))
        for (const [a, c] of [
          [1.1, 0.7],
          [0.6, -0.4],
          [2.5, 0.01],
        ] as const) {
          const values = (x: Matrix): Promise<Results> => everything(engineOf(), { x, z, layers, scale: 1 });
          const here = await values(at(a, c));
          const [right, left] = [await values(at(a, c + step)), await values(at(a, c - step))];
          const [up, down] = [await values(at(a + step, c)), await values(at(a - step, c))];
          for (const k of ["nngp", "ntk"] as const) {
            const byCovariance = (right[k].data[0]! - left[k].data[0]!) / (2 * step);
            const byVariance = (up[k].data[0]! - down[k].data[0]!) / (2 * step);
            // Truncation is of order step², rounding ε/step.
            const tolerance = 1e-8 * Math.max(1, Math.abs(here[k].data[0]!), Math.abs(byCovariance));
            const label = `${name}, ${k} at ${a}, ${c}`;
            expect(Math.abs(here[`${k}ByCovariance`].data[0]! - byCovariance), label).toBeLessThan(tolerance);
            expect(Math.abs(here[`${k}ByVariance`].data[0]! - byVariance), label).toBeLessThan(tolerance);
          }
        }
    });

    test("angles keep their digits from 1e-12 to π, values and derivatives", async () => {
      // One relu behind one dense layer: κ = (sin θ + (π − θ) cos θ)/2π, κ̇ = (π − θ)/2π, Θ = κ̇ cos θ for unit rows.
      const layers = [layer(relu, { weightVariance: 1, biasVariance: 0 })];
      const angles = [
        1e-12, 1e-9, 1e-6, 1e-3, 0.04, 0.05, 0.2, 0.26, 0.9, 1, 1.1, 1.5, 1.6, 2, 2.2, 2.9, 3.1,
      ];
      const z = asMatrix(angles.map((angle) => [Math.cos(angle), Math.sin(angle)]));
      const got = await everything(engineOf(), { x: asMatrix([[1, 0]]), z, layers, scale: 1 });
      for (const [j, t] of angles.entries()) {
        const slope = (Math.PI - t) / (2 * Math.PI);
        const [sin, cos] = [Math.sin(t), Math.cos(t)];
        const relative = (value: number | undefined, want: number): number => Math.abs(value! / want - 1);
        expect(relative(got.nngpByCovariance.data[j], slope)).toBeLessThan(3e-14);
        expect(relative(got.ntk.data[j], slope * cos)).toBeLessThan(1e-13);
        expect(Math.abs(got.nngp.data[j]! - (sin / (2 * Math.PI) + slope * cos))).toBeLessThan(4e-16);
        expect(relative(got.nngpByVariance.data[j], sin / (4 * Math.PI))).toBeLessThan(1e-13);
        // Inner products up to 0.999 know the sine to 1e-13.
        const byCovariance = slope + cos / (2 * Math.PI * sin);
        expect(relative(got.ntkByCovariance.data[j], byCovariance), `angle ${t}`).toBeLessThan(4e-13);
      }
    });

    test("small angles keep their digits through 1000 relu layers", async () => {
      const { cases, tolerance } = vectors.reluAngleMap;
      for (const { theta0, afterLayers } of cases) {
        const angle = Number(theta0);
        const x = asMatrix([[1, 0]]);
        const z = asMatrix([[Math.cos(angle), Math.sin(angle)]]);
        for (const [hidden, { ntkOverDiag }] of Object.entries(afterLayers)) {
          const layers = connected(Number(hidden), relu, { weightVariance: 2, biasVariance: 0 });
          const ntk = zeros(1, 1);
          await run({ x, z, layers, scale: 1, ntk });
          expect(Math.abs(ntk.data[0]! / 2 / ntkOverDiag - 1)).toBeLessThan(tolerance.rel);
        }
      }
    });

    test("duplicates, antipodes, zero rows, multiples and near duplicates", async () => {
      const rows = [
        [1, 2, -1],
        [1, 2, -1],
        [-1, -2, 1],
        [0, 0, 0],
        [2, 4, -2],
        [3, 6, -3],
        [1, 2, -1 + 1e-8],
        [1, 2, -1 + 1e-11],
        [1e-200, 0, 0],
        [1, -2, -3],
      ];
      const x = asMatrix(rows);
      for (const name of ["3 × relu without biases", "6 × leaky relu", "2 × absolute value", "4 × erf"])
        for (const z of [undefined, asMatrix(rows)]) {
          const inputs = { x, z, layers: networks[name]!, scale: 1 / 3 };
          const got = await everything(engineOf(), inputs);
          const want = await remember(`edges ${name} ${z === undefined}`, inputs);
          // Between opposite rows an angle is known to 1e-8.
          for (const output of Object.keys(want) as (keyof Results)[])
            close(got[output], want[output], 1e-7, `${name} ${output}`);
          for (const { data } of [got.nngp, got.ntk]) {
            expect(data[1]! / data[0]!).toBeCloseTo(1, 14); // a duplicate is as good as the row itself
            expect(data[7]).toBeLessThanOrEqual(data[0]!);
            if (!name.endsWith("without biases")) continue;
            expect(data[4]! / data[0]!).toBeCloseTo(2, 14); // K and Θ are homogeneous
            expect(data[5]! / data[0]!).toBeCloseTo(3, 14);
            for (let j = 0; j < 10; j++) expect([data[30 + j], data[80 + j]]).toEqual([0, 0]);
          }
          // Where Θ has a kink its one-sided derivatives are left out, so that they are those of κ̇ Θ with constant κ̇.
          expect(Math.abs(got.ntkByCovariance.data[1]!)).toBeLessThan(1e4);
          expect(Math.abs(got.ntkByCovariance.data[5]!)).toBeLessThan(1e4);
        }
    });

    test("no rows, no columns", async () => {
      const layers = connected(1, relu);
      await run({ x: zeros(0, 3), layers, scale: 1, nngp: zeros(0, 0) });
      await run({ x: zeros(0, 3), z: zeros(4, 3), layers, scale: 1, nngp: zeros(0, 4) });
      const ntk = zeros(2, 3);
      await run({ x: zeros(2, 0), z: zeros(3, 0), layers, scale: 1, ntk });
      const { ntk: want } = textbook(layers, 0, 0, 0);
      for (const value of ntk.data) expect(value).toBeCloseTo(want, 13);
    });

    test("impossible calls are refused with the numbers", async () => {
      const x = zeros(4, 2);
      const call = { x, layers: connected(1, relu), scale: 1, nngp: zeros(4, 4) };
      const refused = (change: Partial<DenseKernelsCall>) => expect(run({ ...call, ...change })).rejects;
      await refused({ nngp: zeros(4, 3) }).toThrow("nngp is 4 × 3, expected 4 × 4");
      await refused({ z: zeros(5, 3) }).toThrow("x has 2 columns, z has 3");
      await refused({ z: zeros(5, 2, "float32") }).toThrow("z is float32");
      await refused({ ntk: zeros(4, 4, "float32") }).toThrow("ntk is float32");
      await refused({ nngp: undefined }).toThrow("nothing is asked for");
      await refused({ scale: 0 }).toThrow("scale is 0");
      await refused({ layers: [layer(), layer(relu, { biasVariance: -1 })] }).toThrow(
        "biasVariance of layer 1 is -1",
      );
      await refused({ layers: [layer({ form: "erf", amplitude: 1, frequency: NaN, offset: 0 })] }).toThrow(
        "frequency of the erf activation of layer 0 is NaN",
      );
    });

    test("an aborted call rejects with the reason, and the engine lives on", async () => {
      const reason = new Error("enough");
      const x = normal(1500, 5, "float64", 1);
      const call = {
        x,
        layers: connected(300, erf),
        scale: 0.2,
        ntk: engineOf().allocate(1500, 1500, "float64"),
      };
      await expect(run({ ...call, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const controller = new AbortController();
      const running = run({ ...call, signal: controller.signal });
      setTimeout(() => controller.abort(reason), 30);
      const start = performance.now();
      await expect(running).rejects.toBe(reason);
      expect(performance.now() - start).toBeLessThan(500);
      const nngp = zeros(1, 1);
      await run({ x: asMatrix([[2]]), layers: [], scale: 1, nngp });
      expect(nngp.data[0]).toBe(4);
    });
  });
}

/** The recursion as papers print it: c, acos and asin, one pair, numbers in generic position. */
function textbook(
  layers: readonly DenseLayer[],
  a: number,
  b: number,
  c: number,
): { nngp: number; ntk: number } {
  let ntk = 0;
  for (const { weightVariance: w, biasVariance: s, weightRate, biasRate, activation } of layers) {
    ntk = weightRate * w * c + biasRate * s + w * ntk;
    [a, b, c] = [a, b, c].map((k) => w * k + s) as [number, number, number];
    if (!activation) continue;
    const dual = (u: number, v: number, k: number): { value: number; slope: number } => {
      if (activation.form === "piecewise-linear") {
        const kink = (activation.negative - activation.positive) ** 2 / (2 * Math.PI);
        const theta = u * v === 0 ? Math.PI / 2 : Math.acos(Math.min(1, k / Math.sqrt(u * v)));
        const slope = (activation.negative ** 2 + activation.positive ** 2) / 2 - kink * theta;
        return { value: kink * Math.sqrt(Math.max(0, u * v - k * k)) + slope * k, slope };
      }
      const { amplitude: A, frequency: B, offset: C } = activation;
      const product = (1 + 2 * B * B * u) * (1 + 2 * B * B * v);
      return {
        value: ((2 * A * A) / Math.PI) * Math.asin((2 * B * B * k) / Math.sqrt(product)) + C * C,
        slope: (4 * A * A * B * B) / (Math.PI * Math.sqrt(product - (2 * B * B * k) ** 2)),
      };
    };
    ntk *= dual(a, b, c).slope;
    [a, b, c] = [dual(a, a, a).value, dual(b, b, b).value, dual(a, b, c).value];
  }
  return { nngp: c, ntk };
}

/** The reference vectors that this primitive can compute. */
function references() {
  const known = new Set(["identity", "relu", "leakyRelu", "abs", "abRelu", "erf"]);
  const named: Readonly<Record<string, number[][]>> = vectors.inputs;
  return [...vectors.fcn, ...vectors.edgeCases]
    .filter(({ activation }) => known.has(activation))
    .map((entry) => ({
      ...entry,
      params: "params" in entry ? (entry.params as Readonly<Record<string, number>>) : {},
      inputs: typeof entry.inputs === "string" ? named[entry.inputs]! : entry.inputs,
    }));
}

function formOf(name: string, params: Readonly<Record<string, number>>): DenseActivation | undefined {
  switch (name) {
    case "relu":
      return relu;
    case "leakyRelu":
      return { form: "piecewise-linear", negative: params["alpha"]!, positive: 1 };
    case "abs":
      return absolute;
    case "abRelu":
      return { form: "piecewise-linear", negative: params["negSlope"]!, positive: params["posSlope"]! };
    case "erf":
      return {
        form: "erf",
        amplitude: params["a"] ?? 1,
        frequency: params["b"] ?? 1,
        offset: params["c"] ?? 0,
      };
    default:
      return undefined;
  }
}

/** Every entry within `tolerance` times the largest expected one. */
function close(actual: Matrix, expected: Matrix, tolerance: number, label: string): void {
  let scale = 0;
  for (const value of expected.data) scale = Math.max(scale, Math.abs(value));
  for (let i = 0; i < expected.data.length; i++) {
    const [got, want] = [actual.data[i]!, expected.data[i]!];
    if (!(Math.abs(got - want) <= tolerance * scale))
      throw new Error(
        `${label} (${Math.floor(i / actual.cols)}, ${i % actual.cols}): ${got}, expected ${want} within ${tolerance * scale}`,
      );
  }
}
