import { afterAll, beforeAll, expect, test } from "vitest";
import { infiniteKernel, infiniteVariances } from "../../src/infinite/index.ts";
import {
  activation,
  type ActivationInput,
  crossDual,
  dense,
  dualOf,
  erf,
  fullyConnected,
  parallel,
  relu,
  serial,
} from "../../src/layers/index.ts";
import type { Engine } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { expectClose, normals } from "../contracts/data.ts";
import { referenceNetworks } from "../contracts/reference-networks.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

test("the unit of kernels is their value at inputs of unit mean square", async () => {
  for (const network of [...Object.values(referenceNetworks), fullyConnected(2, "gelu")]) {
    const { diagnostics } = await infiniteKernel(engine, network, normals(2, 3, 1));
    // Rotations of unit inputs are unit inputs.
    const { nngp, ntk } = await infiniteVariances(network, [[0, -Math.sqrt(3), 0]]);
    expect(diagnostics.unit!.log2Scale).toBe(0);
    expect(diagnostics.unit!.nngp / nngp[0]!).toBeCloseTo(1, 12);
    expect(diagnostics.unit!.ntk / ntk[0]!).toBeCloseTo(1, 12);
  }
});

test("closed forms are no approximations, and the notes say the unit in words", async () => {
  const { diagnostics } = await infiniteKernel(engine, fullyConnected(1, "relu", { weightStd: 2 }), [[1]]);
  expect(diagnostics.approximations).toEqual([]);
  expect(diagnostics.notes).toEqual(["at inputs of unit mean square K(x, x) = 8 and Θ(x, x) = 16"]);
});

test("numerical duals are named with an error that bounds theirs", async () => {
  const n = 60;
  const x = normals(n, 2, 2);
  const cases: [ActivationInput["name"], RegExp][] = [
    ["tanh", /the dual of tanh has no closed form: .*, error up to/],
    ["elu", /the dual of elu has no closed form/],
  ];
  for (const [name, note] of cases) {
    const { nngp, diagnostics } = await infiniteKernel(
      engine,
      serial(dense({ biasStd: 0.2 }), activation(name)),
      x,
      undefined,
      { get: "nngp" },
    );
    const [approximation, ...others] = diagnostics.approximations;
    expect(others).toEqual([]);
    expect(approximation!.activations).toEqual([name]);
    expect(approximation!.error).toBeLessThanOrEqual(1e-10);
    expect(diagnostics.notes[1]).toMatch(note);
    const dual = dualOf({ name } as ActivationInput);
    const at = (i: number, j: number): number =>
      (x.data[2 * i]! * x.data[2 * j]! + x.data[2 * i + 1]! * x.data[2 * j + 1]!) / 2 + 0.04;
    const largest = Math.max(...nngp!.data);
    for (let k = 0; k < 25; k++) {
      const [i, j] = [(k * 7) % n, (k * 11 + 5) % n];
      if (i === j) continue;
      const expected = dual.value(at(i, i), at(j, j), at(i, j));
      // Ten times: the bound is the size of the last coefficients.
      expect(Math.abs(nngp!.data[i * n + j]! - expected)).toBeLessThanOrEqual(
        10 * approximation!.error * largest,
      );
    }
  }
});

test("cross duals are named by both activations, and the kernel is their sum", async () => {
  const x = [
    [1, 0.5],
    [-0.3, 2],
  ];
  const { nngp, diagnostics } = await infiniteKernel(engine, serial(dense(), parallel([relu(), erf()])), x);
  expect(diagnostics.approximations).toMatchObject([{ activations: ["erf", "relu"] }]);
  const [a, b, c] = [1.25 / 2, 4.09 / 2, 0.7 / 2];
  const [u, v] = [dualOf({ name: "relu" }), dualOf({ name: "erf" })];
  const mixed = crossDual({ name: "relu" }, { name: "erf" });
  const expected = u.value(a, b, c) + v.value(a, b, c) + mixed.value(a, b, c) + mixed.value(b, a, c);
  expect(nngp!.data[1]).toBeCloseTo(expected, 11);
});

test("kernels of the user's own may leave their slope to differences, which the notes tell", async () => {
  const { value, slope } = dualOf("gelu");
  const [x, options] = [normals(6, 3, 1), { weightStd: 1.4, biasStd: 0.2 }];
  const mine = { name: "custom-kernel", label: "mine", value } as const;
  const own = await infiniteKernel(engine, fullyConnected(2, mine, options), x);
  const known = await infiniteKernel(engine, fullyConnected(2, "gelu", options), x);
  expectClose(own.nngp!.data, known.nngp!.data, 1e-14);
  expectClose(own.ntk!.data, known.ntk!.data, 1e-8);
  expect(own.diagnostics.approximations).toMatchObject([{ activations: ["mine"], route: "differences" }]);
  expect(own.diagnostics.notes.join()).toContain(
    "the slope of the dual of mine has no closed form: differences",
  );
  const given = await infiniteKernel(engine, fullyConnected(2, { ...mine, slope }, options), x);
  expectClose(given.ntk!.data, known.ntk!.data, 1e-14);
  expect(given.diagnostics.approximations).toEqual([]);
});
