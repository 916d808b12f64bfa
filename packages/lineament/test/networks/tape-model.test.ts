import { describe, expect, test } from "vitest";
import { plainEngine } from "../../src/linalg/plain/index.ts";
import { matrix } from "../../src/linalg/index.ts";
import {
  activate,
  add,
  addRows,
  concatenate,
  constant,
  divide,
  type Expression,
  exponential,
  gatherColumns,
  groupedMatmul,
  logarithm,
  matmul,
  multiply,
  normalize,
  map,
  repeatColumn,
  repeatRows,
  reshape,
  scale,
  shiftedPower,
  slice,
  subtract,
  sumColumns,
  sumRows,
  tapeModel,
  transposed,
} from "../../src/networks/tape/index.ts";
import { expectClose, filled, normals } from "../contracts/data.ts";
import { describeModel } from "../contracts/model.ts";

const engine = plainEngine();
const ones = (count: number): Float64Array => new Float64Array(count).fill(1);

/** Rows that sum to 1: e^z over its row sum. */
function softmax(z: Expression): Expression {
  const weights = map(z, exponential);
  return divide(weights, repeatColumn(sumColumns(weights, ones(z.cols)), z.cols));
}

describe("networks written with the primitives of the tape", () => {
  describeModel("a mixture of linear experts", () => {
    const model = tapeModel(engine, {
      inputs: 3,
      outputs: 1,
      matrices: [
        { name: "gates", rows: 3, cols: 4 },
        { name: "experts", rows: 3, cols: 4, rate: 0.5 },
      ],
      output: (x, [gates, experts]) =>
        sumColumns(multiply(softmax(matmul(x, gates!)), matmul(x, experts!, { alpha: 0.7 })), ones(4)),
    });
    return { model, theta: model.initialize(1) };
  });

  describeModel("a transformer's head over three tokens of two numbers", () => {
    const matrices = ["queries", "keys", "values"].map((name) => ({ name, rows: 2, cols: 2, std: 0.7 }));
    const model = tapeModel(engine, {
      inputs: 6,
      outputs: 2,
      matrices,
      output(x, [queries, keys, values]) {
        // One example at a time: attention couples the tokens of an example, and no others.
        const examples = Array.from({ length: x.rows }, (_, i) => {
          const example = gatherColumns(transposed(x), Int32Array.of(i));
          const tokens = normalize(reshape(example, 3, 2), 1e-3);
          const scores = matmul(matmul(tokens, queries!), matmul(tokens, keys!), {
            alpha: 1 / Math.SQRT2,
            transposed: true,
          });
          return sumRows(matmul(softmax(scores), matmul(tokens, values!)), [0.2, 0.3, 0.5]);
        });
        return transposed(concatenate(examples.map(transposed)));
      },
    });
    return { model, theta: model.initialize(2) };
  });

  describeModel("a product of powers, logarithms and slices", () => {
    const model = tapeModel(engine, {
      inputs: 2,
      outputs: 3,
      matrices: [
        { name: "weights", rows: 2, cols: 4 },
        { name: "biases", rows: 1, cols: 4, start: "signs" },
      ],
      output(x, [weights, biases]) {
        const z = addRows(matmul(x, weights!), biases!, { factor: 0.5 });
        const positive = add(multiply(z, z), constant(filled(x.rows, 4, () => 2)));
        const [a, b] = [slice(positive, 0, 3), slice(z, 1, 4)];
        return subtract(multiply(map(a, logarithm), b), scale(map(a, shiftedPower(-0.7, 0.1)), 3));
      },
    });
    return { model, theta: model.initialize(3) };
  });

  test("the output may be a parameter matrix itself", async () => {
    const model = tapeModel(engine, {
      inputs: 1,
      outputs: 2,
      matrices: [{ name: "table", rows: 3, cols: 2 }],
      output: (_, [table]) => table!,
    });
    const theta = Float64Array.from([1, 2, 3, 4, 5, 6]);
    const { value, pull } = await model.pullback(theta, normals(3, 1));
    expectClose(value.data, theta, 0);
    const r = normals(3, 2, 1);
    expectClose(await pull(r), r.data, 0);
    expectClose(await model.curvature(theta, normals(3, 1), r, theta), new Float64Array(6), 0);
  });

  test("the outputs of a pullback may be overwritten before pulling", async () => {
    const model = tapeModel(engine, {
      inputs: 2,
      outputs: 1,
      matrices: [{ name: "weights", rows: 2, cols: 1 }],
      output: (x, [weights]) => activate(matmul(x, weights!), { name: "tanh" }),
    });
    const [theta, x] = [model.initialize(1), normals(3, 2)];
    const expected = await (await model.pullback(theta, x)).pull(filled(3, 1, () => 1));
    const { value, pull } = await model.pullback(theta, x);
    value.data.fill(1);
    expectClose(await pull(value), expected, 0);
  });

  test("an output of another shape is refused by its size", async () => {
    const model = tapeModel(engine, {
      inputs: 2,
      outputs: 1,
      matrices: [{ name: "weights", rows: 2, cols: 3 }],
      output: (x, [weights]) => matmul(x, weights!),
    });
    await expect(model.value(new Float64Array(6), normals(4, 2))).rejects.toThrow("4 × 3, expected 4 × 1");
  });

  test("parameter matrices without entries are refused by name", () => {
    const make = () =>
      tapeModel(engine, {
        inputs: 2,
        outputs: 1,
        matrices: [{ name: "weights", rows: 2, cols: 0 }],
        output: (x) => x,
      });
    expect(make).toThrow(RangeError);
    expect(make).toThrow("weights is a matrix of 2 × 0");
  });

  test("matrices of parameters start as they say: normal with their deviation, or with random signs", () => {
    const model = tapeModel(engine, {
      inputs: 1,
      outputs: 1,
      matrices: [
        { name: "weights", rows: 100, cols: 100, std: 3 },
        { name: "signs", rows: 100, cols: 1, std: 2, start: "signs" },
      ],
      output: (x) => x,
    });
    const theta = model.initialize(7);
    const [weights, signs] = [theta.subarray(0, 10_000), theta.subarray(10_000)];
    const std = Math.sqrt(weights.reduce((sum, value) => sum + value ** 2, 0) / weights.length);
    expect(Math.abs(std - 3)).toBeLessThan((4 * 3) / Math.sqrt(2 * weights.length)); // four standard errors
    expect(new Set(signs)).toEqual(new Set([-2, 2]));
    expect(model.initialize(7)).toEqual(theta);
    expect(model.initialize(8)).not.toEqual(theta);
  });
});

describe("primitives", () => {
  const valueOf = async (output: (x: Expression) => Expression, x = normals(4, 6)) => {
    const { rows, cols } = output(constant(x));
    const model = tapeModel(engine, {
      inputs: 6,
      outputs: (rows * cols) / 4,
      matrices: [],
      output: (x) => reshape(output(x), 4, (rows * cols) / 4),
    });
    return matrix((await model.value(new Float64Array(0), x)).data, rows, cols);
  };
  const x = normals(4, 6);
  const at = (i: number, j: number): number => x.data[i * 6 + j]!;

  test("repetitions put copies next to each other", async () => {
    const repeated = filled(8, 6, (i, j) => at(Math.floor(i / 2), j));
    expectClose((await valueOf((x) => repeatRows(x, 2))).data, repeated.data, 0);
    const column = filled(4, 3, (i) => at(i, 2));
    expectClose((await valueOf((x) => repeatColumn(slice(x, 2, 3), 3))).data, column.data, 0);
  });

  test("rows are added in turn, each to a block of rows", async () => {
    const b = normals(2, 6, 3);
    const sum = await valueOf((x) => addRows(repeatRows(x, 2), constant(b), { factor: 3, block: 2 }));
    const row = (i: number): number => Math.floor(i / 2) % 2;
    const expected = filled(8, 6, (i, j) => at(Math.floor(i / 2), j) + 3 * b.data[row(i) * 6 + j]!);
    expectClose(sum.data, expected.data, 1e-15);
  });

  test("gathered columns are the columns asked for, and zeros", async () => {
    const gathered = await valueOf((x) => gatherColumns(x, Int32Array.of(5, -1, 0, 5)));
    const expected = filled(4, 4, (i, j) => [at(i, 5), 0, at(i, 0), at(i, 5)][j]!);
    expectClose(gathered.data, expected.data, 0);
  });

  test("normalized rows have mean 0 and variance 1, rows of zeros stay what they are", async () => {
    const { data } = await valueOf((x) => normalize(x, 0), {
      ...x,
      data: x.data.map((v, k) => (k < 6 ? 0 : v)),
    });
    expectClose(data.subarray(0, 6), new Float64Array(6), 0);
    for (let i = 1; i < 4; i++) {
      const row = data.subarray(6 * i, 6 * i + 6);
      const mean = row.reduce((sum, value) => sum + value, 0) / 6;
      const variance = row.reduce((sum, value) => sum + value ** 2, 0) / 6;
      expectClose([mean, variance], [0, 1], 1e-14);
    }
  });

  test("a grouped product multiplies each block of rows with its own matrix", async () => {
    const weights = normals(4, 6, 5); // two matrices of 2 × 6
    const product = await valueOf((x) =>
      groupedMatmul(x, constant(weights), { groups: 2, block: 1, alpha: 0.5 }),
    );
    const expected = filled(4, 2, (i, c) => {
      let sum = 0;
      for (let k = 0; k < 6; k++) sum += 0.5 * at(i, k) * weights.data[((i % 2) * 2 + c) * 6 + k]!;
      return sum;
    });
    expectClose(product.data, expected.data, 1e-15);
  });

  test("shapes that do not fit are refused by name", () => {
    const a = constant(normals(4, 6));
    const b = constant(normals(4, 5));
    for (const [name, wrong] of [
      ["matmul", () => matmul(a, b)],
      ["groupedMatmul", () => groupedMatmul(a, b, { groups: 2 })],
      ["multiply", () => multiply(a, b)],
      ["add", () => add(a, b)],
      ["addRows", () => addRows(a, b)],
      ["subtract", () => subtract(a, b)],
      ["reshape", () => reshape(a, 5, 5)],
      ["gatherColumns", () => gatherColumns(a, Int32Array.of(0, 6))],
      ["slice", () => slice(a, 3, 7)],
      ["concatenate", () => concatenate([a, transposed(b)])],
      ["sumRows", () => sumRows(a, [1, 1, 1])],
      ["sumColumns", () => sumColumns(a, [1, 1, 1])],
      ["repeatColumn", () => repeatColumn(a, 2)],
    ] as const) {
      expect(wrong, name).toThrow(RangeError);
      expect(wrong, name).toThrow(name);
    }
  });
});
