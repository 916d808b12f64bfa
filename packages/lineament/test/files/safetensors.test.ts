import fc from "fast-check";
import { FileFormatError, readSafetensors, type Tensor, writeSafetensors } from "lineament";
import { describe, expect, test } from "vitest";

const tensors = new Map<string, Tensor>([
  ["bytes", { shape: [3], data: Uint8Array.of(1, 2, 3) }],
  ["numbers", { shape: [2, 2], data: Float64Array.of(1, -0.1, 1e300, 5e-324) }],
  ["singles", { shape: [1, 3], data: Float32Array.of(0.5, -1, 3) }],
  ["places", { shape: [2], data: Int32Array.of(-1, 7) }],
  ["nothing", { shape: [0, 4], data: new Float32Array(0) }],
]);
const bytes = writeSafetensors({ tensors, metadata: new Map([["note", 'ä "quoted"']]) });

describe("a safetensors file", () => {
  test("begins with the length of its header, which is JSON padded with spaces to a multiple of 8", () => {
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
      string,
      unknown
    >;
    expect(header["numbers"]).toEqual({ dtype: "F64", shape: [2, 2], data_offsets: [0, 32] });
    expect(header["__metadata__"]).toEqual({ note: 'ä "quoted"' });
  });

  test("reads back as it was written, wherever its bytes lie in memory", () => {
    for (const shift of [0, 1, 5]) {
      const moved = new Uint8Array(bytes.length + shift).subarray(shift);
      moved.set(bytes);
      const file = readSafetensors(moved);
      expect(file.metadata).toEqual(new Map([["note", 'ä "quoted"']]));
      expect(new Map(file.tensors)).toEqual(tensors);
    }
  });

  test("is refused when it is cut anywhere, or longer than it says", () => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => readSafetensors(bytes.subarray(0, length))).toThrow(FileFormatError);
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(() => readSafetensors(longer)).toThrow("belong to no tensor");
  });

  test("is read or refused in one line, never anything else, whatever byte is changed", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = bytes.slice();
        damaged[at]! ^= change;
        try {
          readSafetensors(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(FileFormatError);
          expect((error as Error).message).not.toContain("\n");
        }
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  const withHeader = (header: unknown, body = 8): Uint8Array => {
    const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
    const made = new Uint8Array(8 + text.length + body);
    new DataView(made.buffer).setBigUint64(0, BigInt(text.length), true);
    made.set(text, 8);
    return made;
  };
  const tensor = (begin: number, end: number, shape: unknown = [1], dtype = "F64") => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });

  test.each([
    ["is no object", [1, 2], "not a safetensors file"],
    ["is no JSON", "{ not json }", "not JSON"],
    ["has overlapping tensors", { a: tensor(0, 8), b: tensor(0, 8) }, "overlaps another"],
    ["has a gap", { a: tensor(8, 16) }, "leaves a gap"],
    ["announces more than there is", { a: tensor(0, 80, [10]) }, "cut off"],
    ["has offsets that do not fit", { a: tensor(0, 8, [2]) }, "do not fit its shape"],
    ["has a negative size", { a: tensor(0, 8, [-1]) }, "no shape"],
    ["has a size beyond all numbers", { a: tensor(0, 8, [2 ** 40, 2 ** 40]) }, "do not fit its shape"],
    ["has a type that is not ours", { a: tensor(0, 8, [4], "BF16") }, "is of type"],
    ["has metadata that are no texts", { __metadata__: { a: 1 }, a: tensor(0, 8) }, "metadata"],
  ])("is refused when its header %s", (_, header, message) => {
    expect(() => readSafetensors(withHeader(header))).toThrow(message);
  });
});
