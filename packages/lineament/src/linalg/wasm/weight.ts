/**
 * V8 does not count shared memory when it decides to collect garbage: matrices that nobody holds any more would stay
 * until the machine is full (measured: 25 matrices of 144 MB, none freed). So every shared buffer of some size is tied
 * to an ordinary one of a quarter of its size, which counts and which, never being touched, takes no physical memory.
 */
const weights = new WeakMap<SharedArrayBuffer, ArrayBuffer>();

export function weigh(memory: SharedArrayBuffer): void {
  if (memory.byteLength >= 1 << 15 && !weights.has(memory))
    weights.set(memory, new ArrayBuffer(memory.byteLength >> 2));
}

/** Weighs the shared memory in the typed arrays of a message, however deep. */
export function weighAll(message: unknown): void {
  if (ArrayBuffer.isView(message)) {
    if (message.buffer instanceof SharedArrayBuffer) weigh(message.buffer);
  } else if (typeof message === "object" && message !== null) {
    for (const part of Object.values(message)) weighAll(part);
  }
}
