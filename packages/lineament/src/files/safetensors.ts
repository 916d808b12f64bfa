import { FileFormatError } from "./errors.ts";

/** The types that our files hold, and how they are named there. */
const arrays = { F64: Float64Array, F32: Float32Array, I32: Int32Array, U8: Uint8Array } as const;

export type TensorType = keyof typeof arrays;
export type TensorData = Float64Array | Float32Array | Int32Array | Uint8Array;

/** Numbers with a shape, row-major; the type of the array is the type in the file. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Longest header that other readers accept. */
const LONGEST_HEADER = 100_000_000;

/**
 * The bytes of a safetensors file: the length of the header (8 bytes, little endian), the header (JSON, padded with
 * spaces to a multiple of 8), and the numbers of all tensors, one after the other without gaps. Wider types come first,
 * so every tensor begins at a multiple of its element size.
 *
 * @see https://github.com/huggingface/safetensors#format
 */
export function writeSafetensors({ tensors, metadata }: SafetensorsFile): Uint8Array {
  const entries = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  const header: Record<string, unknown> = { __metadata__: Object.fromEntries(metadata) };
  let end = 0;
  for (const [name, { shape, data }] of entries) {
    if (name === "__metadata__" || sizeOf(shape) !== data.length)
      throw new RangeError(
        `writeSafetensors: tensor ${name} of shape ${shape.join(" × ")} holds ${data.length} numbers`,
      );
    header[name] = { dtype: typeOf(data), shape, data_offsets: [end, (end += data.byteLength)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8;
  if (length > LONGEST_HEADER)
    throw new RangeError(`writeSafetensors: a header of ${length} bytes is longer than ${LONGEST_HEADER}`);
  const bytes = new Uint8Array(8 + length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.fill(0x20, 8, 8 + length);
  bytes.set(text, 8);
  let at = 8 + length;
  for (const [, { data }] of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file and believes nothing: lengths, types, shapes and offsets are checked, tensors must fill the
 * file without gaps or overlaps. Tensors are copied out of `bytes`.
 *
 * @throws FileFormatError in one line
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  if (bytes.length < 10) throw new FileFormatError("not a safetensors file: too short");
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > LONGEST_HEADER || bytes[8] !== 0x7b) throw new FileFormatError("not a safetensors file");
  if (8 + length > bytes.length)
    throw new FileFormatError("the safetensors file is cut off inside its header");
  const header = parseHeader(bytes.subarray(8, 8 + length));
  const body = bytes.subarray(8 + length);

  const metadata = new Map<string, string>();
  const placed: { name: string; type: TensorType; shape: readonly number[]; begin: number; end: number }[] =
    [];
  for (const [name, entry] of Object.entries(header)) {
    if (!isObject(entry))
      throw new FileFormatError(`damaged safetensors file: ${show(name)} is not an object`);
    if (name === "__metadata__") {
      for (const [key, value] of Object.entries(entry)) {
        if (typeof value !== "string")
          throw new FileFormatError("damaged safetensors file: its metadata are not texts");
        metadata.set(key, value);
      }
      continue;
    }
    placed.push({ name, ...readEntry(name, entry) });
  }

  placed.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let reached = 0;
  for (const { name, begin, end } of placed) {
    if (begin !== reached)
      throw new FileFormatError(
        `damaged safetensors file: tensor ${show(name)} overlaps another or leaves a gap`,
      );
    reached = end;
  }
  if (reached > body.length)
    throw new FileFormatError(
      `the safetensors file is cut off: ${reached} bytes of numbers announced, ${body.length} there`,
    );
  if (reached < body.length)
    throw new FileFormatError(`damaged safetensors file: ${body.length - reached} bytes belong to no tensor`);

  const tensors = new Map(
    placed.map(({ name, type, shape, begin, end }): [string, Tensor] => {
      const own = body.slice(begin, end);
      return [name, { shape, data: new arrays[type](own.buffer, own.byteOffset, sizeOf(shape)) }];
    }),
  );
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (isObject(header)) return header;
  } catch {
    // told below
  }
  throw new FileFormatError("not a safetensors file: its header is not JSON");
}

function readEntry(
  name: string,
  entry: Record<string, unknown>,
): { type: TensorType; shape: readonly number[]; begin: number; end: number } {
  const { dtype, shape, data_offsets: offsets } = entry;
  const refuse = (why: string) =>
    new FileFormatError(`damaged safetensors file: tensor ${show(name)} ${why}`);
  if (typeof dtype !== "string") throw refuse("has no type");
  if (!Object.hasOwn(arrays, dtype))
    throw new FileFormatError(
      `tensor ${show(name)} is of type ${show(dtype)}, which no file of Lineament holds`,
    );
  const type = dtype as TensorType;
  if (!isSizes(shape)) throw refuse("has no shape");
  if (!isSizes(offsets) || offsets.length !== 2) throw refuse("has no offsets");
  const [begin, end] = offsets as [number, number];
  const size = sizeOf(shape) * arrays[type].BYTES_PER_ELEMENT;
  if (!Number.isSafeInteger(size) || end - begin !== size)
    throw refuse("has offsets that do not fit its shape");
  return { type, shape, begin, end };
}

function typeOf(data: TensorData): TensorType {
  if (data instanceof Float64Array) return "F64";
  if (data instanceof Float32Array) return "F32";
  return data instanceof Int32Array ? "I32" : "U8";
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 57)}…` : name);
}
