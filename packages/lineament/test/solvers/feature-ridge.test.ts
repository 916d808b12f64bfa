import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, type Matrix, takeRows, transpose } from "../../src/linalg/index.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { featureRidge, RidgeSystem, type TrainingFeatures } from "../../src/solvers/index.ts";
import { eliminate, expectClose, filled, normals, product } from "../contracts/data.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

/** Written-out features. */
function explicit(phi: Matrix<Float64Array>): TrainingFeatures {
  return {
    rows: phi.rows,
    size: phi.cols,
    features: async () => phi,
    gram: async () => product(phi, transpose(phi)),
    pull: async (a) => product(transpose(phi), a),
  };
}

describe.each([
  { form: "primal", n: 30, p: 7 },
  { form: "dual", n: 12, p: 25 },
])("$form form, $n rows and $p features", ({ n, p }) => {
  const phi = normals(n, p, 1);
  const y = normals(n, 2, 2);

  test.each([0.1, 3])("agrees with kernel ridge regression on the Gram matrix (λ = %d)", async (ridge) => {
    const { coefficients } = await featureRidge(engine, explicit(phi), y, [ridge]);
    const system = new RidgeSystem(engine, product(phi, transpose(phi)));
    await system.factor(ridge);
    const alpha = (await system.solve(y, 2)).coefficients;
    // The same sums in another order: rounding of n + p terms.
    expectClose(coefficients.data, product(transpose(phi), alpha).data, 1e-10);
  });

  test("leave-one-out residuals are those of fits without the row", async () => {
    const ridge = 0.5;
    const { residuals, leaveOneOutError } = await featureRidge(engine, explicit(phi), y, [ridge]);
    let error = 0;
    for (let i = 0; i < n; i++) {
      const others = Int32Array.from(Array.from({ length: n }, (_, j) => j).filter((j) => j !== i));
      const without = await featureRidge(engine, explicit(takeRows(phi, others)), takeRows(y, others), [
        ridge,
      ]);
      const predicted = product(takeRows(phi, [i]), without.coefficients);
      for (let l = 0; l < 2; l++) {
        const missed = y.data[i * 2 + l]! - predicted.data[l]!;
        expect(residuals.data[i * 2 + l]).toBeCloseTo(missed, 9);
        error += missed ** 2 / n;
      }
    }
    expect(leaveOneOutError).toBeCloseTo(error, 9);
  });

  test("the λ of least leave-one-out error is taken", async () => {
    const path = [1e-3, 1, 1e3];
    const errors = [];
    for (const ridge of path)
      errors.push((await featureRidge(engine, explicit(phi), y, [ridge])).leaveOneOutError);
    const chosen = await featureRidge(engine, explicit(phi), y, path);
    expect(chosen.leaveOneOutError).toBeCloseTo(Math.min(...errors), 12);
    expect(chosen.ridge).toBe(path[errors.indexOf(Math.min(...errors))]);
  });
});

test("λ = 0 is least squares below n features, and the interpolant of least norm above", async () => {
  const few = normals(20, 4, 3);
  const truth = normals(4, 1, 4);
  const exact = await featureRidge(engine, explicit(few), product(few, truth), [0]);
  expectClose(exact.coefficients.data, truth.data, 1e-10);
  const many = normals(6, 15, 5);
  const y = normals(6, 1, 6);
  const { coefficients } = await featureRidge(engine, explicit(many), y, [0]);
  expectClose(product(many, coefficients).data, y.data, 1e-10);
  const alpha = eliminate(product(many, transpose(many)), y);
  expectClose(coefficients.data, product(transpose(many), alpha).data, 1e-10);
});

test("duplicated features and rows share their weight", async () => {
  const single = normals(10, 1, 7);
  const doubled = filled(10, 2, (i) => single.data[i]!);
  const y = filled(10, 1, (i) => 3 * single.data[i]!);
  const { coefficients } = await featureRidge(engine, explicit(doubled), y, [0]);
  expectClose(coefficients.data, [1.5, 1.5], 1e-10);
});

test("what does not fit is named", async () => {
  const phi = explicit(normals(5, 2, 8));
  await expect(featureRidge(engine, phi, normals(4, 1, 9))).rejects.toThrow("y has 4 rows, the features 5");
  await expect(featureRidge(engine, phi, normals(5, 1, 9), [-1])).rejects.toThrow("λ = -1, expected λ ≥ 0");
  await expect(featureRidge(engine, phi, normals(5, 1, 9), [])).rejects.toThrow("there is no λ to try");
  for (const p of [2, 8])
    await expect(featureRidge(engine, explicit(filled(5, p, () => 1e200)), normals(5, 1, 9))).rejects.toThrow(
      "the inner products of the features are not finite",
    );
});
