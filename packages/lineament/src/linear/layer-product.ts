import type { Engine } from "../linalg/index.ts";
import type { Doubles } from "./checks.ts";
import type { Parameterization } from "./parameterization.ts";
import { multiply } from "./product.ts";

/**
 * W = W_N ⋯ W_1. Prefix products W_j ⋯ W_1 on the way forth; on the way back S_N = ∇ℓ, G_j = S_j (W_{j−1} ⋯ W_1)ᵀ and
 * S_{j−1} = W_jᵀ S_j. 3 (N − 1) products in all.
 */
export function layerProduct(engine: Engine): Parameterization {
  return async (layers, room) => {
    const prefixes: Doubles[] = [layers[0]!];
    for (const w of layers.slice(1)) {
      const prefix = room.take(w.rows, layers[0]!.cols);
      await multiply(engine, { a: w, b: prefixes.at(-1)!, c: prefix });
      prefixes.push(prefix);
    }
    return {
      value: prefixes.at(-1)!,
      async pull(gradient) {
        const gradients: Doubles[] = [];
        let above = gradient;
        for (let j = layers.length - 1; j > 0; j--) {
          const w = layers[j]!;
          const own = room.take(w.rows, w.cols);
          await multiply(engine, { a: above, b: prefixes[j - 1]!, c: own, transposeB: true });
          const below = room.take(w.cols, above.cols);
          await multiply(engine, { a: w, b: above, c: below, transposeA: true });
          gradients[j] = own;
          above = below;
        }
        gradients[0] = above;
        return gradients;
      },
    };
  };
}
