import { type Engine, type Matrix, rowRange } from "../linalg/index.ts";
import { type Dense, forward, type LayerPass, outputCotangents, slopesInPlace } from "./dense-passes.ts";
import type { KernelOutputs, TangentKernelPart } from "./model.ts";
import { type Workspace, workspace } from "./workspace.ts";

type Doubles = Matrix<Float64Array>;

/**
 * The tangent kernel of a dense network, layer by layer, readout first: with D^l the cotangents of z^l for every output,
 * Θ = Σ_l (ρ_w s_l² H^{l−1} H^{l−1}ᵀ + ρ_b σ_b²) ⊙ ⟨D^l, D^l⟩. O(L n O m² + L n² O² m) instead of O(n² O² P).
 *
 * @see Novak et al., arXiv:2206.08720, structured derivatives
 */
export async function* structuredTangentKernel(
  dense: Dense,
  theta: Float64Array,
  x: Doubles,
  z: Doubles | undefined,
  outputs: KernelOutputs,
): AsyncGenerator<TangentKernelPart, void> {
  const { engine, layers } = dense;
  const left = await side(dense, theta, x, workspace(engine));
  const right = z && (await side(dense, theta, z, workspace(engine)));
  for await (const { l, cotangent } of left.cotangents) {
    const opposite = (await right?.cotangents.next())?.value || undefined;
    const { weightScale, weightRate, biasScale, biasRate, biasesAt } = layers[l]!;
    const inner = await gram(
      engine,
      left.passes[l]!.input,
      right?.passes[l]!.input,
      weightRate * weightScale ** 2,
    );
    if (biasesAt !== undefined) {
      const shift = biasRate * biasScale ** 2;
      for (let at = 0; at < inner.data.length; at++) inner.data[at]! += shift;
    }
    const kernel = await contract(dense, inner, cotangent, opposite?.cotangent, outputs);
    yield { layer: l + 1, kernel };
  }
}

interface Side {
  readonly passes: readonly LayerPass[];
  readonly cotangents: AsyncGenerator<{ readonly l: number; readonly cotangent: Doubles }, void>;
}

async function side(dense: Dense, theta: Float64Array, x: Doubles, room: Workspace): Promise<Side> {
  const passes = await forward(dense, theta, x, room);
  const slopes = slopesInPlace(dense, passes);
  return { passes, cotangents: outputCotangents(dense, theta, slopes, x.rows, room) };
}

/** G ⊙ ⟨D, D⟩ with what `outputs` keeps of the pairs of outputs. */
async function contract(
  { engine, layers }: Dense,
  inner: Doubles,
  d: Doubles,
  e: Doubles | undefined,
  outputs: KernelOutputs,
): Promise<Doubles> {
  const count = layers.at(-1)!.outputs;
  switch (outputs) {
    case "trace": {
      // An example's cotangents lie side by side: one product sums over outputs and neurons.
      const kernel = await gram(engine, wide(d, count), e && wide(e, count), 1 / count);
      multiply(kernel, inner);
      return kernel;
    }
    case "diagonal": {
      const [n, m] = [inner.rows, inner.cols];
      const kernel = engine.allocate(count * n, m, "float64") as Doubles;
      for (let o = 0; o < count; o++) {
        const block = await gram(engine, everyRow(d, o, count), e && everyRow(e, o, count), 1);
        multiply(block, inner);
        rowRange(kernel, o * n, (o + 1) * n).data.set(block.data);
      }
      return kernel;
    }
    case "full": {
      const kernel = await gram(engine, d, e, 1);
      for (let row = 0, at = 0; row < kernel.rows; row++) {
        const from = Math.floor(row / count) * inner.cols;
        for (let j = 0; j < inner.cols; j++)
          for (let o = 0; o < count; o++, at++) kernel.data[at]! *= inner.data[from + j]!;
      }
      return kernel;
    }
  }
}

/** alpha A Bᵀ; exactly symmetric for B = A (absent). */
async function gram(engine: Engine, a: Doubles, b: Doubles | undefined, alpha: number): Promise<Doubles> {
  const c = engine.allocate(a.rows, (b ?? a).rows, "float64") as Doubles;
  if (b) await engine.gemm({ a, b, c, transposeB: true, alpha });
  else await engine.syrk({ a, c, alpha });
  return c;
}

/** Groups of `count` rows as one row each. */
function wide({ data, rows, cols }: Doubles, count: number): Doubles {
  return { data, rows: rows / count, cols: cols * count };
}

/** Rows o, o + count, o + 2 count, … */
function everyRow(a: Doubles, o: number, count: number): Doubles {
  const { data, cols } = wide(a, count);
  const rows = a.rows / count;
  const picked = new Float64Array(rows * a.cols);
  for (let i = 0; i < rows; i++)
    picked.set(data.subarray(i * cols + o * a.cols, i * cols + (o + 1) * a.cols), i * a.cols);
  return { data: picked, rows, cols: a.cols };
}

function multiply(a: Doubles, b: Doubles): void {
  for (let at = 0; at < a.data.length; at++) a.data[at]! *= b.data[at]!;
}
