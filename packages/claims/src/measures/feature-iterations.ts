import {
  type Engine,
  evaluate,
  type IterationSettings,
  type Kernel,
  type Matrix,
  metricMatrix,
  recursiveFeatureIterations,
  type TransformedExpansion,
} from "lineament";

export interface FeatureIterations extends Partial<Omit<IterationSettings, "kernel">> {
  /** Training rows, n × d. */
  readonly x: Matrix<Float64Array>;
  /** Their targets, n × c, taken as they are. */
  readonly y: Matrix<Float64Array>;
  /** Other rows, m × d. */
  readonly unseen: Matrix<Float64Array>;
  /** Default Laplace, L = 10. */
  readonly kernel?: Kernel;
  /** λ in K + λI. Default 10⁻³. */
  readonly ridge?: number;
  /** Metric updates T. Default 5. */
  readonly iterations?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The machine after t metric updates. */
export interface FeatureIterate {
  /** M_t, d × d. */
  readonly metric: Matrix<Float64Array>;
  /** f_t at the unseen rows, m × c. */
  readonly values: Matrix<Float64Array>;
  readonly expansion: TransformedExpansion;
}

/**
 * All T + 1 iterates of a recursive feature machine, from the plain kernel machine on. Unless other settings are given, M is the AGOP
 * with largest entry 1; the exponent of the AGOP in M is twice the `power`.
 */
export async function featureIterations(
  engine: Engine,
  {
    x,
    y,
    unseen,
    kernel = { family: "laplace", bandwidth: 10, exponent: 1 },
    ridge = 1e-3,
    iterations = 5,
    signal,
    normalization = "maximum",
    ...settings
  }: FeatureIterations,
): Promise<FeatureIterate[]> {
  const iterates: FeatureIterate[] = [];
  for await (const { round, expansion } of recursiveFeatureIterations(
    engine,
    { x: { coordinates: x }, y },
    { ...settings, kernel, normalization },
    { iterations, ridges: [ridge], signal },
  ))
    iterates.push({
      metric: await metricMatrix(engine, round.metric),
      values: await evaluate(engine, expansion, { coordinates: unseen }, signal),
      expansion,
    });
  return iterates;
}
