import type { TorusKernel } from "./torus-kernels.ts";

/**
 * V, the mean squared error per unit of label noise that interpolation of n = m^d grid points of the torus has: with the aliases
 * j + mq of each residue j, V = 1/n Σ_j Σ_q k̂(j + mq)² / (Σ_q k̂(j + mq))². Proved for every kernel of the kind.
 *
 * @param m - points along each edge
 * @param reach - aliases with |q_i| ≤ reach are summed, the rest integrated; by default enough for 3 digits of a Laplace kernel whose
 * bandwidth is not below 0.3 spacings
 * @see Beaglehole, Belkin & Pandit, arXiv:2205.13525 (the setting); claim IN-11
 */
export function gridNoise(kernel: TorusKernel, m: number, { reach = reaches(kernel) } = {}): number {
  checkGrid("gridNoise", m, reach);
  const half = Math.floor(m / 2);
  const sums = aliasSums(kernel, m, reach);
  let total = 0;
  // Aliases of j and of −j are the same up to sign: j in [0, m/2] stands for both.
  forEachTuple(kernel.dimension, half + 1, (residue) => {
    const weight = residue.reduce((product, j) => product * (j === 0 || 2 * j === m ? 1 : 2), 1);
    const { sum, squares } = sums(residue);
    total += (weight * squares) / sum ** 2;
  });
  return total / m ** kernel.dimension;
}

/**
 * B, the mean squared error of interpolating the mode exp(2πi ⟨g, x⟩), without noise, from a grid of m^d points:
 * (1 − ω_0)² + Σ_{q≠0} ω_q² where ω_q is the share of the alias g + mq in all of k̂.
 *
 * @param frequency - g, below m/2 in every coordinate
 * @see claim IN-11
 */
export function gridBias(
  kernel: TorusKernel,
  m: number,
  frequency: readonly number[],
  { reach = reaches(kernel) } = {},
): number {
  checkGrid("gridBias", m, reach);
  if (frequency.length !== kernel.dimension || frequency.some((g) => 2 * Math.abs(g) >= m))
    throw new RangeError(
      `gridBias: frequency (${frequency.join(", ")}) on ${m} points; give ${kernel.dimension} numbers below ${m / 2}`,
    );
  const { first, sum, squares } = aliasSums(kernel, m, reach)(frequency);
  return (1 - first / sum) ** 2 + (squares - first ** 2) / sum ** 2;
}

/**
 * The limit of V for a Laplace kernel of any fixed bandwidth as m → ∞:
 * ∫_{[−½,½]^d} Σ_q |u + q|^{−2(d+1)} / (Σ_q |u + q|^{−(d+1)})² du. 2/3 at d = 1; never 0.
 *
 * @param nodes - of the midpoint rule along half an edge
 * @see claim IN-11
 */
export function laplaceNoiseLimit(dimension: number, { nodes = 16, reach = 5 } = {}): number {
  const kernel: TorusKernel = {
    dimension,
    logCoefficient: (square) => (-(dimension + 1) / 2) * Math.log(square),
    decay: dimension + 1,
  };
  const sums = aliasSums(kernel, 1, reach);
  let total = 0;
  forEachTuple(dimension, nodes, (at) => {
    const { sum, squares } = sums(at.map((i) => (i + 0.5) / (2 * nodes)));
    total += squares / sum ** 2;
  });
  return total / nodes ** dimension;
}

interface AliasSums {
  /** k̂ at the residue itself, q = 0. */
  readonly first: number;
  readonly sum: number;
  readonly squares: number;
}

/** From a residue j to its k̂(j + mq) and their sums, in units of the largest. */
function aliasSums(kernel: TorusKernel, m: number, reach: number): (residue: readonly number[]) => AliasSums {
  const { dimension: d, logCoefficient, decay } = kernel;
  const width = 2 * reach + 1;
  // Beyond the cube of half edge R = reach + ½ the sum is an integral, k̂(mR) × shell(s) R^d/(s − d) at decay s.
  const edge = reach + 0.5;
  const beyond = (s: number): number => (s < Infinity ? (shell(d, s) * edge ** d) / (s - d) : 0);
  const [rest, restOfSquares] = [beyond(decay), beyond(2 * decay)];
  const logAtEdge = logCoefficient((m * edge) ** 2);
  return (residue) => {
    let logs = new Float64Array(1);
    for (const j of residue) {
      const longer = new Float64Array(logs.length * width);
      for (let q = -reach; q <= reach; q++)
        for (let i = 0; i < logs.length; i++) longer[i * width + q + reach] = logs[i]! + (j + m * q) ** 2;
      logs = longer;
    }
    let largest = -Infinity;
    for (let i = 0; i < logs.length; i++) {
      logs[i] = logCoefficient(logs[i]!);
      if (logs[i]! > largest) largest = logs[i]!;
    }
    const atEdge = Math.exp(logAtEdge - largest);
    let sum = rest * atEdge;
    let squares = restOfSquares * atEdge ** 2;
    for (const value of logs) {
      const coefficient = Math.exp(value - largest);
      sum += coefficient;
      squares += coefficient ** 2;
    }
    return { first: Math.exp(logs[(logs.length - 1) / 2]! - largest), sum, squares };
  };
}

/** ∫ |x|^−s over the surface of the cube [−1, 1]^d, by the midpoint rule on a face. */
function shell(d: number, s: number): number {
  const nodes = 40;
  let mean = 0;
  forEachTuple(d - 1, nodes, (at) => {
    const square = at.reduce((total, i) => total + ((i + 0.5) / nodes) ** 2, 1);
    mean += square ** (-s / 2) / nodes ** (d - 1);
  });
  return 2 * d * 2 ** (d - 1) * mean;
}

/** Calls with every tuple of `length` numbers in 0 … count − 1. */
function forEachTuple(length: number, count: number, visit: (tuple: readonly number[]) => void): void {
  const tuple = Array<number>(length).fill(0);
  for (let at = 0; at < count ** length; at++) {
    for (let i = 0, rest = at; i < length; i++, rest = Math.floor(rest / count)) tuple[i] = rest % count;
    visit(tuple);
  }
}

function reaches({ dimension }: TorusKernel): number {
  return [200, 6, 4][dimension - 1] ?? 3;
}

function checkGrid(call: string, m: number, reach: number): void {
  if (!Number.isInteger(m) || m < 1 || !Number.isInteger(reach) || reach < 1)
    throw new RangeError(`${call}: m = ${m}, reach = ${reach}; give whole numbers, 1 or more`);
}
