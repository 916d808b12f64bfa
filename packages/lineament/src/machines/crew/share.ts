import { sharing } from "../../linalg/wasm/pool.ts";
import { weigh } from "../../linalg/wasm/weight.ts";

/**
 * A plain value with its typed arrays in memory that threads share, copied where they were not: sent to several threads, they
 * then exist once. Where no memory is shared, the value itself.
 */
export function share<T>(value: T): T {
  return sharing ? (shared(value) as T) : value;
}

function shared(value: unknown): unknown {
  if (value instanceof Float64Array || value instanceof Float32Array || value instanceof Int32Array) {
    if (value.buffer instanceof SharedArrayBuffer) return value;
    const memory = new SharedArrayBuffer(value.byteLength);
    weigh(memory);
    const copy =
      value instanceof Float64Array
        ? new Float64Array(memory)
        : value instanceof Float32Array
          ? new Float32Array(memory)
          : new Int32Array(memory);
    copy.set(value);
    return copy;
  }
  if (Array.isArray(value)) return value.map(shared);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shared(part)]));
}
