/** Hashes that estimate how many more values there are than can be kept: off by 1/√4096, some 2 %. */
const HASHES = 4096;

/**
 * Counts distinct values with their rows: exactly up to a limit; beyond it, how many there are is estimated by the least hashes
 * (Bar-Yossef et al., 2002), in little memory.
 */
export class DistinctValues<T extends number | string> {
  /** The values that are kept, in order of appearance, with their rows: all of them, or those before the limit was passed. */
  readonly counts = new Map<T, number>();
  readonly #limit: number;
  /** The least hashes so far, the largest of them first: a heap. Made when the limit is passed. */
  #heap: Float64Array | undefined;
  #size = 0;
  readonly #hashed = new Set<number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether `counts` holds every value. */
  get complete(): boolean {
    return this.#heap === undefined;
  }

  /** The number of distinct values. */
  get size(): number {
    if (!this.#heap) return this.counts.size;
    const estimate = this.#size < HASHES ? this.#size : Math.round(((HASHES - 1) / this.#heap[0]!) * 2 ** 32);
    return Math.max(this.counts.size + 1, estimate);
  }

  add(value: T, rows = 1): void {
    if (!this.#heap) {
      const before = this.counts.get(value);
      if (before !== undefined || this.counts.size < this.#limit) {
        this.counts.set(value, (before ?? 0) + rows);
        return;
      }
      this.#heap = new Float64Array(HASHES);
      for (const kept of this.counts.keys()) this.#addHash(hashOf(kept));
    }
    this.#addHash(hashOf(value));
  }

  #addHash(hash: number): void {
    const heap = this.#heap!;
    const full = this.#size === HASHES;
    if ((full && hash >= heap[0]!) || this.#hashed.has(hash)) return;
    this.#hashed.add(hash);
    if (full) {
      this.#hashed.delete(heap[0]!);
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= HASHES) break;
        if (child + 1 < HASHES && heap[child + 1]! > heap[child]!) child++;
        if (heap[child]! <= hash) break;
        heap[at] = heap[child]!;
        at = child;
      }
      heap[at] = hash;
      return;
    }
    let at = this.#size++;
    for (; at > 0;) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! >= hash) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = hash;
  }
}

const words = new Uint32Array(2);
const number = new Float64Array(words.buffer);

/** 32 bits of a value, well mixed. */
function hashOf(value: number | string): number {
  let hash = 0x811c9dc5;
  if (typeof value === "number") {
    number[0] = value + 0; // −0 is 0
    hash = mix(Math.imul(hash ^ words[0]!, 0x9e3779b1));
    hash = mix(Math.imul(hash ^ words[1]!, 0x85ebca6b));
  } else for (let i = 0; i < value.length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193);
  return mix(hash) >>> 0;
}

/** The last step of MurmurHash3. */
function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
