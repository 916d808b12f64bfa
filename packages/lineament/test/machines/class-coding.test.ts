import fc from "fast-check";
import { expect, test } from "vitest";
import { classCoding, classFrequencies, decodeScores, encodeClasses } from "../../src/machines/index.ts";
import { eliminate, expectClose, filled, normals, product } from "../contracts/data.ts";

const priors = fc
  .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 12 })
  .map((shares) => {
    const positive = shares.map((share) => share + 1e-3);
    const total = positive.reduce((sum, share) => sum + share);
    return Float64Array.from(positive, (share) => share / total);
  });
const everyClass = (prior: Float64Array): number[] => Array.from(prior, (_, a) => a);

test("codes are equidistant, at squared distance 2", () => {
  fc.assert(
    fc.property(priors, (prior) => {
      const k = prior.length;
      const codes = encodeClasses(classCoding(prior), everyClass(prior));
      expect(codes.cols).toBe(k - 1);
      for (let a = 0; a < k; a++)
        for (let b = 0; b < a; b++) {
          let squared = 0;
          for (let j = 0; j < k - 1; j++)
            squared += (codes.data[a * (k - 1) + j]! - codes.data[b * (k - 1) + j]!) ** 2;
          expect(squared).toBeCloseTo(2, 12);
        }
    }),
  );
});

test("the origin decodes to the prior, and is the mean code under it", () => {
  fc.assert(
    fc.property(priors, (prior) => {
      const coding = classCoding(prior);
      const k = prior.length;
      expectClose(
        decodeScores(
          coding,
          filled(1, k - 1, () => 0),
        ).data,
        prior,
        1e-15,
      );
      const codes = encodeClasses(coding, everyClass(prior));
      const mean = product(
        filled(1, k, (_, a) => prior[a]!),
        codes,
      );
      expectClose(mean.data, new Float64Array(k - 1), 1e-14);
    }),
  );
});

test("a code decodes to its one-hot", () => {
  fc.assert(
    fc.property(priors, (prior) => {
      const coding = classCoding(prior);
      const k = prior.length;
      expectClose(
        decodeScores(coding, encodeClasses(coding, everyClass(prior))).data,
        filled(k, k, (i, j) => (i === j ? 1 : 0)).data,
        1e-13,
      );
    }),
  );
});

test("decoded scores sum to 1", () => {
  fc.assert(
    fc.property(priors, (prior) => {
      const k = prior.length;
      const scores = decodeScores(classCoding(prior), normals(5, k - 1, k));
      for (let i = 0; i < 5; i++)
        expect(scores.data.subarray(i * k, (i + 1) * k).reduce((sum, s) => sum + s)).toBeCloseTo(1, 12);
    }),
  );
});

test("least squares on codes is least squares on one-hots centered by the prior", () => {
  const n = 20;
  const k = 4;
  const labels = Int32Array.from({ length: n }, (_, i) => (i * i) % k);
  const a = normals(n, n, 1);
  const hat = product(
    a,
    filled(n, n, (i, j) => a.data[j * n + i]!),
  );
  const shifted = filled(n, n, (i, j) => hat.data[i * n + j]! + (i === j ? 0.5 : 0));
  const prior = classFrequencies(labels, k);
  const coding = classCoding(prior);
  const onCodes = decodeScores(coding, product(hat, eliminate(shifted, encodeClasses(coding, labels))));
  const oneHot = filled(n, k, (i, c) => (labels[i] === c ? 1 : 0) - prior[c]!);
  const direct = product(hat, eliminate(shifted, oneHot));
  expectClose(onCodes.data, filled(n, k, (i, c) => prior[c]! + direct.data[i * k + c]!).data, 1e-10);
});

test("frequencies count rows, or weights, and keep a column for a class without rows", () => {
  expect([...classFrequencies([0, 0, 2, 0], 3)]).toEqual([0.75, 0, 0.25]);
  expect([...classFrequencies([0, 1], 2, [1, 3])]).toEqual([0.25, 0.75]);
  const coding = classCoding(classFrequencies([0, 0, 2, 0], 3));
  expectClose(decodeScores(coding, encodeClasses(coding, [1])).data, [0, 1, 0], 1e-15);
});

test("with the softmax link the origin decodes to the prior too, and values to softmax(log π₀ + Q f)", () => {
  fc.assert(
    fc.property(priors, fc.nat(1000), (prior, seed) => {
      const coding = { ...classCoding(prior), link: "softmax" } as const;
      const c = prior.length - 1;
      expectClose(
        decodeScores(
          coding,
          filled(1, c, () => 0),
        ).data,
        prior,
        1e-14,
      );
      const f = normals(1, c, seed);
      const latent = product(
        f,
        filled(c, c + 1, (j, a) => coding.basis.data[a * c + j]!),
      );
      const weights = latent.data.map((value, a) => prior[a]! * Math.exp(value));
      const total = weights.reduce((sum, value) => sum + value);
      expectClose(
        decodeScores(coding, f).data,
        weights.map((value) => value / total),
        1e-13,
      );
    }),
  );
});
