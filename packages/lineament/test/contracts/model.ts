import { beforeAll, describe, expect, test } from "vitest";
import { convert, type Matrix, rowRange, takeRows, zeros } from "../../src/linalg/index.ts";
import type { Model } from "../../src/networks/model.ts";
import { workspace } from "../../src/networks/workspace.ts";
import { eliminate, expectClose, filled, normals } from "./data.ts";

/** A model at a point θ of its parameters. */
export interface ModelSubject {
  readonly model: Model;
  readonly theta: Float64Array;
  /** Rows to try it on; default: 5 standard normal ones. */
  readonly x?: Matrix<Float64Array>;
}

export interface ModelTraits {
  /** False where f has kinks in θ: derivatives are then compared within steps that are unlikely to meet one. Default true. */
  readonly smooth?: boolean;
}

/** What it means to be a `Model`. Derivatives are held against differences and against each other. */
export function describeModel(
  name: string,
  make: () => ModelSubject | Promise<ModelSubject>,
  { smooth = true }: ModelTraits = {},
): void {
  describe(`${name} is a model`, () => {
    let model: Model;
    let theta: Float64Array;
    let x: Matrix<Float64Array>;
    let v: Float64Array;
    let w: Float64Array;
    let r: Matrix<Float64Array>;

    beforeAll(async () => {
      const subject = await make();
      ({ model, theta } = subject);
      x = subject.x ?? normals(5, model.inputs, 101);
      v = direction(model.parameters, 102);
      w = direction(model.parameters, 103);
      r = normals(x.rows, model.outputs, 104);
    });

    const pull = async (at: Float64Array, cotangent: Matrix): Promise<Float64Array> =>
      (await model.pullback(at, x)).pull(cotangent);
    const along = (t: number, to: Float64Array = v): Float64Array =>
      theta.map((value, k) => value + t * to[k]!);

    test("θ and the outputs have the sizes that it says", async () => {
      expect(theta).toHaveLength(model.parameters);
      const f = await model.value(theta, x);
      expect([f.rows, f.cols, f.data.length]).toEqual([x.rows, model.outputs, x.rows * model.outputs]);
      expect(f.data.every(Number.isFinite)).toBe(true);
      if (model.rates) expect(model.rates).toHaveLength(model.parameters);
    });

    test("all methods agree on f", async () => {
      const f = (await model.value(theta, x)).data.slice();
      expectClose((await model.tangent(theta, x, v)).value.data, f, 1e-14);
      expectClose((await model.pullback(theta, x)).value.data, f, 1e-14);
      expectClose((await model.jet(theta, x, v, 2))[0]!.data, f, 1e-14);
    });

    test("the tangent is the derivative along v", async () => {
      // Rounding ε/h and truncation h² are both about 1e-10.
      const h = smooth ? 1e-5 : 1e-6;
      const [up, down] = [await model.value(along(h), x), await model.value(along(-h), x)];
      const difference = up.data.map((value, k) => (value - down.data[k]!) / (2 * h));
      expectClose((await model.tangent(theta, x, v)).tangent.data, difference, 1e-8);
    });

    test("the tangent is linear in v", async () => {
      const tangent = async (u: Float64Array): Promise<Float64Array> =>
        (await model.tangent(theta, x, u)).tangent.data.slice();
      const [first, second] = [await tangent(v), await tangent(w)];
      const both = await tangent(v.map((value, k) => 2 * value - 3 * w[k]!));
      expectClose(
        both,
        first.map((value, k) => 2 * value - 3 * second[k]!),
        1e-12,
      );
    });

    test("the pullback is the transpose of the tangent", async () => {
      const { tangent } = await model.tangent(theta, x, v);
      const left = dot(tangent.data, r.data);
      expectClose([dot(v, await pull(theta, r))], [left], 1e-12);
    });

    test("one pullback serves many cotangents", async () => {
      const { pull: again } = await model.pullback(theta, x);
      const [first, second] = [await again(r), await again(scaled(r, -2))];
      expectClose(
        second,
        first.map((value) => -2 * value),
        1e-13,
      );
      expectClose(await again(r), first, 0);
    });

    test("the curvature is the derivative of the gradient along v", async () => {
      const h = smooth ? 1e-5 : 1e-6;
      const [up, down] = [await pull(along(h), r), await pull(along(-h), r)];
      const difference = up.map((value, k) => (value - down[k]!) / (2 * h));
      expectClose(await model.curvature(theta, x, r, v), difference, 1e-7);
    });

    test("the curvature is symmetric and linear in r", async () => {
      const [hv, hw] = [await model.curvature(theta, x, r, v), await model.curvature(theta, x, r, w)];
      expectClose([dot(w, hv)], [dot(v, hw)], 1e-11);
      expectClose(
        await model.curvature(theta, x, scaled(r, -0.5), v),
        hv.map((value) => -0.5 * value),
        1e-12,
      );
    });

    test("a jet starts with f, J v and half of the second derivative", async () => {
      const jet = await model.jet(theta, x, v, 2);
      expect(jet).toHaveLength(3);
      const { tangent } = await model.tangent(theta, x, v);
      expectClose(jet[1]!.data, tangent.data, 1e-12);
      const second = dot(v, await model.curvature(theta, x, r, v));
      expectClose([2 * dot(jet[2]!.data, r.data)], [second], 1e-11);
    });

    test("a jet holds the coefficients of the polynomial in t", async () => {
      const radius = smooth ? 0.1 : 1e-3;
      const degree = 10;
      const nodes = Array.from({ length: degree + 1 }, (_, j) =>
        Math.cos((Math.PI * (j + 0.5)) / (degree + 1)),
      );
      const values = zeros(nodes.length, x.rows * model.outputs);
      for (const [j, node] of nodes.entries())
        values.data.set((await model.value(along(radius * node), x)).data, j * values.cols);
      const powers = filled(nodes.length, nodes.length, (j, k) => nodes[j]! ** k);
      const coefficients = eliminate(powers, values);
      const size = values.data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
      const jet = await model.jet(theta, x, v, 4);
      for (let k = 0; k <= (smooth ? 4 : 2); k++) {
        const fitted = rowRange(coefficients, k, k + 1).data.map((c) => c / radius ** k);
        // Rounding of f, times the condition of the fit, in units of radius^k; and truncation at degree 10.
        expectClose(jet[k]!.data, fitted, (1e-12 * size) / radius ** k + 1e-9);
      }
    });

    test("a jet of a higher degree begins with one of a lower degree", async () => {
      const [low, high] = [await model.jet(theta, x, v, 1), await model.jet(theta, x, v, 4)];
      low.forEach((coefficient, k) => expectClose(high[k]!.data, coefficient.data, 1e-13));
      expect((await model.jet(theta, x, v, 0)).map(({ rows }) => rows)).toEqual([x.rows]);
    });

    test("some rows have the outputs they have among all", async () => {
      const all = await model.value(theta, x);
      const some = await model.value(theta, takeRows(x, [x.rows - 1, 0]));
      expectClose(some.data, takeRows(all, [x.rows - 1, 0]).data, 1e-13);
    });

    test("no rows have no outputs and no gradient", async () => {
      const none = zeros(0, model.inputs);
      expect((await model.value(theta, none)).rows).toBe(0);
      const gradient = await (await model.pullback(theta, none)).pull(zeros(0, model.outputs));
      expect(gradient).toEqual(new Float64Array(model.parameters));
    });

    test("single precision inputs are taken for what they are", async () => {
      const single = convert(x, "float32");
      const f = await model.value(theta, single);
      expectClose(f.data, (await model.value(theta, convert(single, "float64"))).data, 0);
    });

    test("arguments are left as they were", async () => {
      const before = [theta, x.data, v, r.data].map((data) => data.slice());
      await pull(theta, r);
      await model.tangent(theta, x, v);
      await model.curvature(theta, x, r, v);
      await model.jet(theta, x, v, 3);
      expect([theta, x.data, v, r.data].map((data) => data.slice())).toEqual(before);
    });

    test("calls may overlap, and results outlive later calls", async () => {
      const [f, forward, gradient, curvature] = await Promise.all([
        model.value(theta, x),
        model.tangent(theta, x, v),
        pull(theta, r),
        model.curvature(theta, x, r, v),
      ]);
      await Promise.all([model.value(w, x), pull(w, r), model.tangent(w, x, v), model.curvature(w, x, r, v)]);
      expectClose(f.data, (await model.value(theta, x)).data, 0);
      expectClose(forward.tangent.data, (await model.tangent(theta, x, v)).tangent.data, 0);
      expectClose(gradient, await pull(theta, r), 0);
      expectClose(curvature, await model.curvature(theta, x, r, v), 0);
    });

    test("a room changes nothing but where results lie", async () => {
      const room = workspace(model.engine);
      for (let round = 0; round < 2; round++) {
        room.rewind();
        expectClose((await model.value(theta, x, room)).data, (await model.value(theta, x)).data, 0);
        const { tangent } = await model.tangent(theta, x, v, room);
        expectClose(tangent.data, (await model.tangent(theta, x, v)).tangent.data, 0);
        const { value, pull: back } = await model.pullback(theta, x, room);
        const gradient = await back(r);
        expectClose(value.data, (await model.value(theta, x)).data, 1e-14);
        expectClose(gradient, await pull(theta, r), 0);
        const product = await model.curvature(theta, x, r, v, room);
        expectClose(product, await model.curvature(theta, x, r, v), 0);
        expectClose(gradient, await pull(theta, r), 0);
      }
    });

    test("what does not fit is refused by name", async () => {
      const { inputs, outputs, parameters } = model;
      await expect(model.value(theta.slice(1), x)).rejects.toThrow(RangeError);
      await expect(model.value(theta.slice(1), x)).rejects.toThrow(String(parameters));
      await expect(model.value(theta, zeros(2, inputs + 1))).rejects.toThrow(String(inputs));
      await expect(model.tangent(theta, x, v.slice(1))).rejects.toThrow(RangeError);
      await expect(model.curvature(theta, x, r, v.slice(1))).rejects.toThrow(RangeError);
      await expect(model.curvature(theta, x, zeros(x.rows, outputs + 1), v)).rejects.toThrow(RangeError);
      const { pull: back } = await model.pullback(theta, x);
      await expect(back(zeros(x.rows + 1, outputs))).rejects.toThrow(RangeError);
      await expect(model.jet(theta, x, v, -1)).rejects.toThrow(RangeError);
      await expect(model.jet(theta, x, v, 1.5)).rejects.toThrow(RangeError);
      const broken = { ...x, data: x.data.slice().fill(NaN, inputs) };
      const where = "x is NaN in row 1, column 0 (counted from 0)";
      await expect(model.value(theta, broken)).rejects.toThrow(where);
      await expect(model.pullback(theta, broken)).rejects.toThrow(where);
      await expect(model.value(theta, undefined as never)).rejects.toThrow(": x is no matrix");
      await expect(model.value([...theta] as never, x)).rejects.toThrow(": theta is no Float64Array");
    });
  });
}

/** A random vector of norm 2: steps along it move f, and stay where its series converges. */
function direction(size: number, seed: number): Float64Array {
  const { data } = normals(1, size, seed);
  const norm = Math.sqrt(dot(data, data));
  return data.map((value) => (2 * value) / norm);
}

function scaled(a: Matrix<Float64Array>, factor: number): Matrix<Float64Array> {
  return { ...a, data: a.data.map((value) => factor * value) };
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}
