import fc from "fast-check";
import {
  FeatureMachine,
  FileFormatError,
  FitOptions,
  fitFeatureMachine,
  KernelRidge,
  type LearningProblem,
  openEngine,
  openMachine,
  random,
  readModelFile,
  readSafetensors,
  RecursiveFeatureMachine,
  saveMachine,
  type Tensor,
  writeModelFile,
  writeSafetensors,
} from "lineament";
import { describe, expect, test } from "vitest";

const engine = await openEngine({ engine: "plain" });
const generator = random(3);
const n = 40;
/** Two numbers, a one-hot of three levels and a block of two levels with one unknown. */
const problem: LearningProblem = {
  x: {
    coordinates: {
      data: Float32Array.from({ length: n * 5 }, (_, at) =>
        at % 5 < 2 ? generator.normal() : Number(Math.floor(at / 5) % 3 === (at % 5) - 2),
      ),
      rows: n,
      cols: 5,
    },
    levels: Int32Array.from({ length: n }, (_, i) => i % 3),
  },
  blockSizes: [2],
  groups: [{ start: 2, end: 5 }],
  target: {
    task: "regression",
    y: {
      data: Float64Array.from({ length: n }, (_, i) => Math.exp(generator.normal()) + (i % 3)),
      rows: n,
      cols: 1,
    },
  },
};
const classes: LearningProblem = {
  ...problem,
  target: { task: "classification", labels: Int32Array.from({ length: n }, (_, i) => i % 3), classes: 3 },
};
const kernel = { family: "lpq", bandwidth: 1, exponent: 0.7, p: 1 } as const;
const machines = {
  "a regression with normal scores and a full metric": [
    problem,
    { kernel, view: "both", iterations: 2, bandwidth: "adaptive" },
  ],
  "a regression of logarithms": [
    problem,
    { kernel, view: "soft-clipped", logarithm: true, metric: "diagonal" },
  ],
  "a classification into three": [
    classes,
    { kernel: { family: "laplace", bandwidth: 2 }, iterations: 1, view: "normal-scores" },
  ],
} as const;

describe.each(Object.entries(machines))("%s", async (_, [given, machine]) => {
  const { state } = await fitFeatureMachine(engine, given, FitOptions.parse({ machine }));
  const bytes = writeModelFile({ state, parts: { other: { note: [1, "two"] } } });

  test("predicts the same to the last bit after it is stored and opened", async () => {
    const file = readModelFile(bytes);
    expect(file.parts).toEqual({ other: { note: [1, "two"] } });
    const [before, after] = await Promise.all(
      [state, file.state].map((s) => new FeatureMachine(engine, s).predict(given.x)),
    );
    expect(after).toEqual(before);
    expect(file.state).toEqual(state);
  });

  test("is written the same again after it is opened", () => {
    expect(
      writeModelFile({ state: readModelFile(bytes).state, parts: { other: { note: [1, "two"] } } }),
    ).toEqual(bytes);
  });

  test("is refused in one line when any tensor is missing, of another shape, or not finite", () => {
    const { tensors, metadata } = readSafetensors(bytes);
    const refused = (name: string, tensor?: Tensor) => {
      const changed = new Map(tensors);
      if (tensor) changed.set(name, tensor);
      else changed.delete(name);
      expect(() => readModelFile(writeSafetensors({ tensors: changed, metadata })), name).toThrow(
        FileFormatError,
      );
    };
    for (const [name, tensor] of tensors) {
      refused(name);
      refused(name, { shape: [1, ...tensor.shape, 1], data: tensor.data });
      if (tensor.data.length > 0 && !(tensor.data instanceof Int32Array)) {
        const data = tensor.data.slice();
        data[0] = NaN;
        refused(name, { shape: tensor.shape, data });
      } else if (tensor.data.length > 0)
        refused(name, { shape: tensor.shape, data: tensor.data.map(() => 1e6) });
    }
  });

  test("is read or refused in one line, whatever byte is changed", () => {
    fc.assert(
      fc.property(
        fc.nat(Math.min(bytes.length, 6000) - 1),
        fc.integer({ min: 1, max: 255 }),
        (at, change) => {
          const damaged = bytes.slice();
          damaged[at]! ^= change;
          try {
            readModelFile(damaged);
          } catch (error) {
            expect(error).toBeInstanceOf(FileFormatError);
            expect((error as Error).message).not.toContain("\n");
          }
        },
      ),
      { seed: 2, numRuns: 300 },
    );
  });
});

describe("a machine of plain matrices", () => {
  const x = Array.from({ length: 30 }, () => [generator.normal(), generator.normal()]);

  test("is stored with its labels", async () => {
    const machine = await KernelRidge.fit(
      x,
      x.map(([a]) => a! > 0),
      { engine },
    );
    const opened = openMachine(engine, saveMachine(machine));
    expect(opened.classes).toEqual([false, true]);
    expect(await opened.predict(x)).toEqual(await machine.predict(x));
    expect(await opened.predictProbabilities(x)).toEqual(await machine.predictProbabilities(x));
  });

  test("is refused when it is foreign, newer, or another kind of model", async () => {
    const machine = await KernelRidge.fit(
      x,
      x.map(([a]) => a!),
      { engine },
    );
    const { tensors, metadata } = readSafetensors(saveMachine(machine));
    const changed = (key: string, value: string) =>
      writeSafetensors({ tensors, metadata: new Map([...metadata, [key, value]]) });
    expect(() => openMachine(engine, changed("format", "pt"))).toThrow("not a model of Lineament");
    expect(() => openMachine(engine, changed("version", "2"))).toThrow("update it");
    expect(() => openMachine(engine, changed("form", "{"))).toThrow("not JSON");
    expect(() => openMachine(engine, new TextEncoder().encode("a,b\n1,2\n3,4\n"))).toThrow(
      "not a safetensors file",
    );
    const table = writeModelFile({ state: machine.state, parts: { table: {} } });
    expect(() => openMachine(engine, table)).toThrow("of a table");
    expect(machine).toBeInstanceOf(RecursiveFeatureMachine);
  });
});
