import { splat } from "./simd";

// Small passes that prepare tiles: centering, norms, weighted copies.

/** out = rows of `source` minus `center`, `ld` numbers apart, filled up with zeros; norms[i] = ‖out_i‖², summed in float64. */
export function stage<T>(source: usize, rows: i32, d: i32, center: usize, out: usize, ld: i32, norms: usize): void {
  const size = <i32>sizeof<T>();
  for (let i = 0; i < rows; i++) {
    let sum = 0.0;
    const from = source + i * d * size;
    const to = out + i * ld * size;
    let k = 0;
    for (; k < d; k++) {
      const value = <T>(load<T>(from + k * size) - load<T>(center + k * size));
      store<T>(to + k * size, value);
      sum += <f64>value * <f64>value;
    }
    for (; k < ld; k++) store<T>(to + k * size, <T>0);
    store<T>(norms + i * size, <T>sum);
  }
}

/** Rows of `source` over their length (0 for zero rows), and squares[i] = ‖source_i‖²: both float64. */
export function normalize<T>(source: usize, rows: i32, d: i32, out: usize, squares: usize): void {
  for (let i = 0; i < rows; i++) {
    const from = source + i * d * sizeof<T>();
    const to = out + i * d * 8;
    let square = 0.0;
    for (let k = 0; k < d; k++) {
      const value = <f64>load<T>(from + k * sizeof<T>());
      square += value * value;
    }
    store<f64>(squares + i * 8, square);
    const length = square > 0 ? sqrt(square) : 1;
    for (let k = 0; k < d; k++) store<f64>(to + k * 8, <f64>load<T>(from + k * sizeof<T>()) / length);
  }
}

/** out[i, (l − l0)·d + k] = a[i, l] z[i, k] for the flat columns `start` to `end` of the c·d that there are. */
export function weighted<T>(a: usize, c: i32, z: usize, ldz: i32, d: i32, rows: i32, start: i32, end: i32, out: usize): void {
  const size = <i32>sizeof<T>();
  const width = end - start;
  for (let i = 0; i < rows; i++) {
    let l = start / d;
    let k = start - l * d;
    let weight = load<T>(a + (i * c + l) * size);
    const from = z + i * ldz * size;
    const to = out + i * width * size;
    for (let t = 0; t < width; t++) {
      store<T>(to + t * size, <T>(weight * load<T>(from + k * size)));
      if (++k == d && t + 1 < width) {
        k = 0;
        l++;
        weight = load<T>(a + (i * c + l) * size);
      }
    }
  }
}

/** g[j, l d + k] += sums[j, l] u[j, k] */
export function addOwn<T>(sums: usize, c: i32, u: usize, ldu: i32, d: i32, rows: i32, g: usize): void {
  const size = <i32>sizeof<T>();
  for (let j = 0; j < rows; j++)
    for (let l = 0; l < c; l++) {
      const weight = load<T>(sums + (j * c + l) * size);
      const to = g + (j * c + l) * d * size;
      const from = u + j * ldu * size;
      for (let k = 0; k < d; k++) store<T>(to + k * size, <T>(load<T>(to + k * size) + weight * load<T>(from + k * size)));
    }
}

/** out[i, l] = factor[i] a[i, l] */
export function scaleRows<T>(factor: usize, a: usize, rows: i32, c: i32, out: usize): void {
  const size = <i32>sizeof<T>();
  for (let i = 0; i < rows; i++) {
    const f = load<T>(factor + i * size);
    for (let l = 0; l < c; l++) store<T>(out + (i * c + l) * size, <T>(f * load<T>(a + (i * c + l) * size)));
  }
}

/** c = alpha c + beta old */
export function blend<T>(c: usize, old: usize, count: i32, alpha: f64, beta: f64): void {
  const end = c + count * sizeof<T>();
  const va = splat<T>(alpha);
  const vb = splat<T>(beta);
  for (; c + 16 <= end; c += 16, old += 16) {
    let value = v128.mul<T>(va, v128.load(c));
    if (beta != 0) value = v128.add<T>(value, v128.mul<T>(vb, v128.load(old)));
    v128.store(c, value);
  }
  for (; c < end; c += sizeof<T>(), old += sizeof<T>()) {
    const value = <T>alpha * load<T>(c);
    store<T>(c, beta == 0 ? <T>value : <T>(value + <T>beta * load<T>(old)));
  }
}
