/** A seeded stream of random numbers: the same numbers in Node.js and every browser. */
export interface Random {
  /** Uniform on [0, 1), 32 bits. */
  uniform(): number;
  /** Standard normal (polar method). */
  normal(): number;
  /** Uniform integer in [0, n). */
  integer(n: number): number;
}

/**
 * The sfc32 generator (C. Doty-Humphrey, PractRand), seeded through splitmix32.
 * @param seed - any finite number; its integer part modulo 2³² counts
 * @throws RangeError for a seed that is not finite
 */
export function random(seed: number): Random {
  if (!Number.isFinite(seed)) throw new RangeError(`random: the seed is ${seed}, expected a finite number`);
  let state = seed >>> 0;
  const splitmix = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  const uniform = (): number => next() / 4294967296;
  let spare = NaN;
  return {
    uniform,
    normal() {
      if (!Number.isNaN(spare)) {
        const value = spare;
        spare = NaN;
        return value;
      }
      for (;;) {
        const u = 2 * uniform() - 1;
        const v = 2 * uniform() - 1;
        const s = u * u + v * v;
        if (s === 0 || s >= 1) continue;
        const scale = Math.sqrt((-2 * Math.log(s)) / s);
        spare = v * scale;
        return u * scale;
      }
    },
    integer: (n) => Math.floor(uniform() * n),
  };
}

/** The integers 0 … n − 1 in random order. */
export function permutation(n: number, generator: Random): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = generator.integer(i + 1);
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}

/** `size` of the integers 0 … n − 1 without replacement, ascending; all of them when size ≥ n. */
export function sample(n: number, size: number, generator: Random): Int32Array {
  return permutation(n, generator).slice(0, Math.min(n, size)).sort();
}

/** Independent signs ±1, each with probability ½. */
export function randomSigns(size: number, generator: Random): Float64Array {
  return Float64Array.from({ length: size }, () => (generator.uniform() < 0.5 ? -1 : 1));
}
