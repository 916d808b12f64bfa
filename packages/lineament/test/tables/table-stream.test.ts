import {
  fitTable,
  fromRecords,
  InputError,
  openEngine,
  planTable,
  random,
  type SampledStream,
  sampleStream,
  type Spool,
  type Table,
  takeTableRows,
  type TableStream,
} from "lineament";
import { describe, expect, test } from "vitest";

const engine = await openEngine();
const machine = {
  kernel: { family: "laplace", bandwidth: 2 },
  bandwidth: "adaptive",
  iterations: 0,
} as const;
/** A fit that takes a fraction of a second. */
const swift = {
  engine,
  machine,
  baselines: false,
  importances: false,
  centers: 60,
  target: "price",
  exclude: ["weight", "part", "sold"],
} as const;

function houses(rows: number, seed = 1): Table {
  const generator = random(seed);
  return fromRecords(
    Array.from({ length: rows }, (_, i) => {
      const size = generator.normal();
      const district = ["north", "south", "west"][i % 3]!;
      const price = 3 * size + (district === "south" ? 5 : 0) + 0.1 * generator.normal();
      return {
        size,
        quality: i % 7 === 0 ? null : generator.normal(),
        district,
        price: i % 50 === 49 ? null : price,
        sold: i === 3 || i === 333 ? "auction" : price > 1 ? "yes" : "no",
        weight: 1 + (i % 2),
        part: i % 5 === 4 ? "test" : "train",
      };
    }),
    "houses",
  );
}

/** Parts of a table in memory; text columns have only the levels that occur, as those of a file would. */
function streamOf(table: Table, size = 70): TableStream {
  return {
    rows: table.rows,
    source: table.source,
    async *chunks() {
      for (let start = 0; start < table.rows; start += size) {
        await Promise.resolve();
        const count = Math.min(size, table.rows - start);
        yield takeTableRows(
          table,
          Array.from({ length: count }, (_, i) => start + i),
        );
      }
    },
  };
}

function memorySpool(): Spool {
  const parts: Uint8Array[] = [];
  let all: Uint8Array | undefined;
  return {
    async write(bytes) {
      await Promise.resolve();
      parts.push(bytes.slice());
    },
    async read(into, offset) {
      await Promise.resolve();
      all ??= Uint8Array.from(parts.flatMap((part) => [...part]));
      into.set(all.subarray(offset, offset + into.length));
    },
  };
}

async function fitStream(stream: TableStream, more: object = {}, most = 300) {
  const options = { ...swift, spool: memorySpool(), ...more } as typeof swift & { split?: string };
  const { target, split } = options;
  const sampled = await sampleStream(stream, { target, split, most });
  return await fitTable(sampled.sample, { ...options, stream: sampled });
}

describe("a sample of a stream", () => {
  const table = houses(600);
  const sampleOf = (most: number, seed = 0): Promise<SampledStream> =>
    sampleStream(streamOf(table), { target: "price", split: "part", most, seed });

  test("is of as many training rows as asked for, in order, each with its place", async () => {
    const { sample, positions, rows, notices, test: testRows } = await sampleOf(100);
    expect(rows).toEqual({ train: 480, test: 120, withoutTarget: 0 });
    expect(sample.rows).toBe(100);
    expect(testRows?.rows).toBe(100);
    expect(notices).toEqual(["of 120 test rows a sample of 100 is scored"]);
    expect(positions).toEqual(positions.toSorted());
    // Training rows are four of five, none of them without a target.
    expect(Array.from(sample.sourceRows!, (row) => row - Math.floor(row / 5))).toEqual([...positions]);
  });

  test("is the same for the same seed, and another for another", async () => {
    const [one, same, other] = [await sampleOf(100), await sampleOf(100), await sampleOf(100, 1)];
    expect(same.sample).toEqual(one.sample);
    expect(other.positions).not.toEqual(one.positions);
  });

  test("has every row equally often", async () => {
    const counts = new Int32Array(480);
    for (let seed = 0; seed < 200; seed++)
      for (const at of (await sampleOf(48, seed)).positions) counts[at]!++;
    // 20 expected of 200, standard deviation 4.2: the means of the first and last half differ by less than 4 of theirs.
    const mean = (part: Int32Array) => part.reduce((a, b) => a + b, 0) / part.length;
    expect(Math.abs(mean(counts.subarray(0, 240)) - mean(counts.subarray(240)))).toBeLessThan(
      (4 * 4.2 * Math.SQRT2) / Math.sqrt(240),
    );
    expect(Math.max(...counts)).toBeLessThan(20 + 5 * 4.2);
  });

  test("knows levels, missing cells and scales of all rows", async () => {
    const rare = {
      ...table,
      columns: table.columns.map((column) =>
        column.type === "text" && column.name === "district"
          ? {
              ...column,
              levels: [...column.levels, "island"],
              codes: column.codes.map((code, i) => (i === 301 ? 3 : code)),
            }
          : column,
      ),
    };
    const stream = await sampleStream(streamOf(rare), { target: "price", most: 20 });
    const { columns } = planTable(stream.sample, { ...swift, stream });
    expect(columns.find(({ name }) => name === "district")).toMatchObject({ distinct: 4 });
    expect(columns.find(({ name }) => name === "quality")).toMatchObject({ missing: 84 });
  });

  test("has two rows of every class, and one that is not positive", async () => {
    for (let seed = 0; seed < 5; seed++) {
      const { sample } = await sampleStream(streamOf(table), { target: "sold", most: 30, seed });
      const sold = sample.columns.find(({ name }) => name === "sold")!;
      const auctions =
        sold.type === "text" ? [...sold.codes].filter((code) => sold.levels[code] === "auction") : [];
      expect(auctions.length).toBe(2);
    }
    const counts = fromRecords(
      Array.from({ length: 2000 }, (_, i) => ({ x: i % 13, y: i === 999 ? 0 : 1 + i / 7 })),
    );
    const { sample } = await sampleStream(streamOf(counts), { target: "y", most: 10 });
    const y = sample.columns[1]!;
    expect(y.type !== "text" && Math.min(...y.values)).toBe(0);
  });
});

describe("a fit from a stream", () => {
  test("leaves out test rows and rows without a target, and takes weights", async () => {
    const { model, test: scored } = await fitStream(streamOf(houses(600)), {
      split: "part",
      weights: "weight",
      exclude: ["sold"],
    });
    expect(model.record.rows).toEqual({ train: 480, test: 120, withoutTarget: 0, sampled: 300 });
    expect(scored!.rows.length).toBe(108);
    expect((scored!.evaluation.test as { r2: number }).r2).toBeGreaterThan(0.8);
    expect(model.record.options).not.toHaveProperty("stream");
  });

  test("chooses a machine on the sample", async () => {
    const { model } = await fitStream(streamOf(houses(500)), { machine: undefined, effort: "quick" });
    const { evaluation } = await model.evaluate(houses(100, 2));
    expect((evaluation.test as { r2: number }).r2).toBeGreaterThan(0.95);
    expect(model.record.chosen.method).toBe("nystrom");
  });

  test("learns from all rows, not from the sample alone", async () => {
    const table = houses(900);
    const unseen = houses(200, 2);
    const { model, plan } = await fitStream(streamOf(table), { centers: 150 }, 200);
    const sampleAlone = await fitTable(
      (await sampleStream(streamOf(table), { target: "price", most: 200 })).sample,
      swift,
    );
    const score = async (one: typeof model) =>
      ((await one.evaluate(unseen)).evaluation.test as { r2: number }).r2;
    expect(await score(model)).toBeGreaterThan(await score(sampleAlone.model));
    expect(model.record.rows).toMatchObject({ train: 882, sampled: 200 });
    expect(plan).toMatchObject({ method: "nystrom", trainRows: 882, streamed: { sampleRows: 200 } });
    expect(plan.reason).toBe("882 rows stream from disk, which this method alone can do");
  });

  test("may have classes and blocks of many levels", async () => {
    const generator = random(3);
    const table = fromRecords(
      Array.from({ length: 1200 }, () => {
        const shop = generator.integer(150);
        const x = generator.normal();
        return { shop: `shop ${shop}`, x, y: x + (shop % 2) > 0.5 ? "yes" : "no" };
      }),
    );
    const { model } = await fitStream(streamOf(table), { target: "y", exclude: [], centers: 200 }, 600);
    expect(model.encoder.blocks.length).toBe(1);
    const { evaluation } = await model.evaluate(table);
    expect((evaluation.test as { accuracy: number }).accuracy).toBeGreaterThan(0.8);
  });

  test("reports its progress, never going back", async () => {
    const seen: { stage: string; fraction: number }[] = [];
    await fitStream(streamOf(houses(300)), { onProgress: (at: (typeof seen)[number]) => void seen.push(at) });
    expect(seen[0]!.stage).toBe("reading");
    expect(seen.every(({ fraction }, i) => i === 0 || fraction >= seen[i - 1]!.fraction)).toBe(true);
  });

  test("refuses what it cannot do in one line", async () => {
    for (const [more, message] of [
      [{ method: "tree" }, "fitted by nystrom, not by tree"],
      [{ classWeights: "balanced" }, "not balanced"],
      [{ groups: "district" }, "cannot be kept together"],
    ] as const)
      await expect(fitStream(streamOf(houses(100)), more)).rejects.toThrow(message);
  });
});

describe("faults", () => {
  const table = houses(300);
  /** The table, then another one in the second pass. */
  const changing = (later: Table): TableStream => {
    let passes = 0;
    return {
      rows: table.rows,
      source: "houses",
      chunks: () => streamOf(passes++ === 0 ? table : later).chunks(),
    };
  };

  for (const [what, later] of [
    ["loses rows", houses(290)],
    ["gains rows", houses(310)],
    [
      "has other targets missing",
      {
        ...table,
        columns: table.columns.map((c) =>
          c.name === "price" && c.type === "number"
            ? { ...c, values: c.values.map((v, i) => (i === 0 ? NaN : v)) }
            : c,
        ),
      },
    ],
    [
      "has other levels",
      {
        ...table,
        columns: table.columns.map((c) =>
          c.name === "district" && c.type === "text" ? { ...c, levels: ["north", "south", "east"] } : c,
        ),
      },
    ],
  ] as const)
    test(`a stream that ${what} between its passes is refused in one line`, async () => {
      await expect(fitStream(changing(later))).rejects.toThrow(
        new InputError("houses changed while it was read; start again when it is complete"),
      );
    });

  test("a disk that is full ends the fit with what the spool says", async () => {
    const spool: Spool = {
      ...memorySpool(),
      write: () => Promise.reject(new InputError("the disk is full")),
    };
    await expect(fitStream(streamOf(table), { spool })).rejects.toThrow(new InputError("the disk is full"));
  });

  test("a spool that cannot be read any more ends the fit with what it says", async () => {
    const good = memorySpool();
    let reads = 0;
    const spool: Spool = {
      ...good,
      read: (into, offset) =>
        reads++ < 20 ? good.read(into, offset) : Promise.reject(new InputError("the file is cut off")),
    };
    await expect(fitStream(streamOf(table), { spool })).rejects.toThrow(
      new InputError("the file is cut off"),
    );
    expect(reads).toBe(21);
  });

  test("a signal ends it while it reads", async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    await expect(fitStream(streamOf(table), { signal: controller.signal, onProgress })).rejects.toThrow(
      "enough",
    );
  });

  test("a bad cell is named with its row, before anything is fitted", async () => {
    const infinite = {
      ...table,
      columns: table.columns.map((c) =>
        c.name === "size" && c.type === "number"
          ? { ...c, values: c.values.map((v, i) => (i === 250 ? Infinity : v)) }
          : c,
      ),
    };
    await expect(fitStream(streamOf(infinite), {}, 50)).rejects.toThrow('column "size", row 251');
    const unweighted = { ...swift, weights: "weight" };
    const zero = {
      ...table,
      columns: table.columns.map((c) =>
        c.name === "weight" && c.type === "number"
          ? { ...c, values: c.values.map((v, i) => (i === 250 ? 0 : v)) }
          : c,
      ),
    };
    await expect(fitStream(streamOf(zero), { ...unweighted, exclude: ["part", "sold"] }, 50)).rejects.toThrow(
      'weights "weight", row 251: 0; weights are positive numbers',
    );
  });
});
