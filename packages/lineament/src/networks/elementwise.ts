import {
  type Activation,
  activationFunctions,
  type Pointwise,
  type Slopes,
  slopesOf,
} from "../layers/index.ts";

/**
 * An activation φ over whole layers. `h` is φ(z) where asked for; `out` may be one of the arguments.
 * Rectifiers and tanh have loops of their own: one call a number would cost more than their arithmetic.
 */
export interface Elementwise {
  /** φ(z) = z: nothing to compute. */
  readonly identity: boolean;
  /** out = φ′(z). */
  slopes(z: Float64Array, h: Float64Array, out: Float64Array): void;
  /** out = φ″(z). */
  curvatures(z: Float64Array, h: Float64Array, out: Float64Array): void;
  /**
   * Coefficients h_k of φ(Σ_k z_k t^k), k = 0 … degree; both are stacked, `count` numbers a coefficient. `h` is not `z`.
   */
  compose(z: Float64Array, h: Float64Array, count: number, degree: number): void;
}

export function elementwise(activation: Activation): Elementwise {
  const pointwise = activationFunctions(activation);
  const slopes = slopesOf(activation);
  if (!slopes) return elementwiseOf(pointwise, activation.name === "tanh" ? tanh : general(pointwise));
  const loops = rectifier(slopes);
  return {
    ...loops,
    identity: slopes.every((slope) => slope === 1),
    compose: (z, h, count, degree) => composeLinear(loops, z, h, count, degree),
  };
}

/** Any function of one number over whole layers. */
export function elementwiseOf(pointwise: Pointwise, loops: Loops = general(pointwise)): Elementwise {
  return {
    ...loops,
    identity: false,
    compose(z, h, count, degree) {
      if (degree <= 1) composeLinear(loops, z, h, count, degree);
      else composeSeries(pointwise, z, h, count, degree);
    },
  };
}

/** One pass over all numbers each. */
interface Loops extends Pick<Elementwise, "slopes" | "curvatures"> {
  /** out = φ(z). */
  values(z: Float64Array, out: Float64Array): void;
}

/** Without branches: the signs of pre-activations are as good as random, and mispredicted jumps would cost six times as much. */
function rectifier([negative, positive]: Slopes): Loops {
  return {
    values(z, out) {
      for (let i = 0; i < z.length; i++) {
        const value = z[i]!;
        const size = Math.abs(value);
        out[i] = 0.5 * (positive * (value + size) + negative * (value - size));
      }
    },
    slopes(z, _h, out) {
      if (negative === positive) out.fill(positive);
      else if (negative === 0 && positive === 1) for (let i = 0; i < z.length; i++) out[i] = +(z[i]! > 0);
      else for (let i = 0; i < z.length; i++) out[i] = positive * +(z[i]! > 0) + negative * +(z[i]! < 0);
    },
    curvatures: (_z, _h, out) => void out.fill(0),
  };
}

const tanh: Loops = {
  values(z, out) {
    for (let i = 0; i < z.length; i++) out[i] = Math.tanh(z[i]!);
  },
  slopes(_z, h, out) {
    for (let i = 0; i < h.length; i++) out[i] = (1 - h[i]!) * (1 + h[i]!);
  },
  curvatures(_z, h, out) {
    for (let i = 0; i < h.length; i++) out[i] = -2 * h[i]! * (1 - h[i]!) * (1 + h[i]!);
  },
};

function general(pointwise: Pointwise): Loops {
  return {
    values(z, out) {
      for (let i = 0; i < z.length; i++) out[i] = pointwise.value(z[i]!);
    },
    slopes(z, _h, out) {
      for (let i = 0; i < z.length; i++) out[i] = pointwise.slope(z[i]!);
    },
    curvatures(z, _h, out) {
      for (let i = 0; i < z.length; i++) out[i] = pointwise.curvature(z[i]!);
    },
  };
}

/** h_k = φ′(z_0) z_k for k ≥ 1: all there is at degree 1, or where φ″ = 0. */
function composeLinear(loops: Loops, z: Float64Array, h: Float64Array, count: number, degree: number): void {
  const [z0, h0] = [z.subarray(0, count), h.subarray(0, count)];
  loops.values(z0, h0);
  if (degree === 0) return;
  const first = h.subarray(count, 2 * count);
  loops.slopes(z0, h0, first);
  // The last coefficient first: the slopes lie where the first one will.
  for (let k = degree; k >= 1; k--)
    for (let i = 0, at = k * count; i < count; i++, at++) h[at] = first[i]! * z[at]!;
}

function composeSeries(
  pointwise: Pointwise,
  z: Float64Array,
  h: Float64Array,
  count: number,
  degree: number,
): void {
  const taylor = new Float64Array(degree + 1);
  const series = new Float64Array(degree + 1);
  for (let i = 0; i < count; i++) {
    pointwise.taylor(z[i]!, degree, taylor);
    // Horner in u = Σ_{k≥1} z_k t^k. What is yet to be multiplied by u^j needs degree − j coefficients only.
    series.fill(0);
    series[0] = taylor[degree]!;
    for (let j = degree - 1; j >= 0; j--) {
      for (let k = degree - j; k > 0; k--) {
        let sum = 0;
        for (let l = 1; l <= k; l++) sum += z[l * count + i]! * series[k - l]!;
        series[k] = sum;
      }
      series[0] = taylor[j]!;
    }
    for (let k = 0; k <= degree; k++) h[k * count + i] = series[k]!;
  }
}
