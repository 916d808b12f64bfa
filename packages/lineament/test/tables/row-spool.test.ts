import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOfRow, type Spool, spoolRows } from "../../src/tables/row-spool.ts";
import { random } from "../../src/linalg/index.ts";
import type { RowChunk } from "../../src/solvers/index.ts";

function memorySpool(): Spool & { bytes: Uint8Array } {
  return {
    bytes: new Uint8Array(0),
    async write(bytes) {
      await Promise.resolve();
      const all = new Uint8Array(this.bytes.length + bytes.length);
      all.set(this.bytes);
      all.set(bytes, this.bytes.length);
      this.bytes = all;
    },
    async read(into, offset) {
      await Promise.resolve();
      into.set(this.bytes.subarray(offset, offset + into.length));
    },
  };
}

test("rows come back from a spool as they went in, in every pass", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        coordinates: fc.integer({ min: 0, max: 5 }),
        blocks: fc.integer({ min: 0, max: 3 }),
        outputs: fc.integer({ min: 1, max: 2 }),
        weighted: fc.boolean(),
      }),
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 5 }),
      async (shape, counts) => {
        const generator = random(counts.length);
        const draws = (count: number) => Float64Array.from({ length: count }, () => generator.normal());
        const chunks = counts.map((rows): RowChunk => ({
          x: {
            coordinates: {
              data: new Float32Array(draws(rows * shape.coordinates)),
              rows,
              cols: shape.coordinates,
            },
            ...(shape.blocks > 0
              ? { levels: Int32Array.from({ length: rows * shape.blocks }, () => generator.integer(100)) }
              : {}),
          },
          y: { data: draws(rows * shape.outputs), rows, cols: shape.outputs },
          weights: shape.weighted ? draws(rows) : undefined,
        }));
        async function* given() {
          await Promise.resolve();
          yield* chunks;
        }
        const spool = memorySpool();
        const source = await spoolRows(spool, shape, given());
        const total = counts.reduce((a, b) => a + b, 0);
        expect(source.rows).toBe(total);
        expect(spool.bytes.length).toBe(total * bytesOfRow(shape));
        for (let pass = 0; pass < 2; pass++) {
          const expected = chunks.filter(({ y }) => y.rows > 0);
          let at = 0;
          for await (const chunk of source.chunks()) expect(chunk).toEqual(expected[at++]);
          expect(at).toBe(expected.length);
        }
      },
    ),
  );
});
