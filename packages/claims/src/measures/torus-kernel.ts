import { type Matrix, zeros } from "lineament";

/** A kernel of the difference of two points of the torus [0, 1)^d. */
export type TorusProfile = (difference: readonly number[]) => number;

const profiles = {
  /** e^(−r/M) is below 2·10⁻⁹ beyond 20 bandwidths. */
  laplace: { at: (r: number) => Math.exp(-r), reach: 20 },
  /** e^(−r²/(2M²)) is below 10⁻¹⁷ beyond 9. */
  gauss: { at: (r: number) => Math.exp((-r * r) / 2), reach: 9 },
} as const;

/** Σ over integer shifts z of e^(−|x + z|/M), or of e^(−|x + z|²/(2M²)). */
export function torusKernel(family: keyof typeof profiles, bandwidth: number): TorusProfile {
  const { at, reach } = profiles[family];
  const images = Math.ceil(reach * bandwidth + 0.5);
  return (difference) => {
    const centered = difference.map((x) => x - Math.round(x));
    const sum = (axis: number, square: number): number => {
      let total = 0;
      for (let z = -images; z <= images; z++) {
        const squared = square + (centered[axis]! + z) ** 2;
        total += axis + 1 < centered.length ? sum(axis + 1, squared) : at(Math.sqrt(squared) / bandwidth);
      }
      return total;
    };
    return sum(0, 0);
  };
}

/** The kernel between the rows of x and of z. */
export function torusGram(profile: TorusProfile, x: Matrix, z: Matrix): Matrix<Float64Array> {
  const { cols: d } = x;
  const gram = zeros(x.rows, z.rows);
  for (let i = 0; i < x.rows; i++)
    for (let j = 0; j < z.rows; j++)
      gram.data[i * z.rows + j] = profile(
        Array.from({ length: d }, (_, axis) => x.data[i * d + axis]! - z.data[j * d + axis]!),
      );
  return gram;
}
