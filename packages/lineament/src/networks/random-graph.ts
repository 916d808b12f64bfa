import { random, sample } from "../linalg/index.ts";

/**
 * A network whose neurons are the nodes of a directed acyclic graph. Nodes are numbered: inputs first, then the neurons level by
 * level; the output, fed by all neurons of the last level, has no number.
 */
export interface NeuronGraph {
  /** d. */
  readonly inputs: number;
  readonly levels: readonly NeuronLevel[];
}

/** Neurons with the same number of predecessors, all of them on lower levels. */
export interface NeuronLevel {
  readonly neurons: number;
  readonly inDegree: number;
  /** neurons × inDegree node numbers. */
  readonly predecessors: Int32Array;
}

/** Shape and randomness of `randomGraph`. */
export interface RandomGraphOptions {
  /** d. Default 8. */
  readonly inputs?: number;
  /** m: the number of predecessors of every neuron above the first level. */
  readonly inDegree: number;
  /** Neurons of a level. Default 2 m. */
  readonly neurons?: number;
  /** Levels of neurons. Default 4. */
  readonly levels?: number;
  /** A level of `neurons` neurons only, which all later paths go through: the level above sees nothing else, levels above that nothing below. */
  readonly bottleneck?: { readonly level: number; readonly neurons: number } | undefined;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * A random graph: the neurons of level 1 see all inputs; those above see m different neurons of lower levels, drawn at random.
 * With skip edges everywhere, yet of bounded depth: in a random order without levels depth would grow with m.
 *
 * @throws RangeError when a size is not a whole number ≥ 1, or there are fewer neurons below a level than it needs
 * @see Zhu, Liu and Belkin, arXiv:2205.11786
 */
export function randomGraph(options: RandomGraphOptions): NeuronGraph {
  const { inputs = 8, inDegree, neurons = 2 * inDegree, levels = 4, bottleneck, seed = 0 } = options;
  const sizes = {
    inputs,
    inDegree,
    neurons,
    levels,
    "bottleneck.level": bottleneck?.level ?? 1,
    "bottleneck.neurons": bottleneck?.neurons ?? 1,
  };
  for (const [name, size] of Object.entries(sizes))
    if (!(Number.isInteger(size) && size >= 1))
      throw new RangeError(`randomGraph: ${name} is ${size}, expected a whole number of at least 1`);
  if (bottleneck && bottleneck.level >= levels)
    throw new RangeError(
      `randomGraph: the bottleneck is level ${bottleneck.level} of ${levels}, expected one below the last, so that neurons see it`,
    );
  const generator = random(seed);
  const built: NeuronLevel[] = [];
  let first = 0; // the neurons that the next level may see are nodes first … end − 1
  let end = inputs;
  for (let level = 1; level <= levels; level++) {
    const count = level === bottleneck?.level ? bottleneck.neurons : neurons;
    const narrowed = level - 1 === bottleneck?.level;
    const degree = level === 1 ? inputs : narrowed ? bottleneck.neurons : inDegree;
    if (end - first < degree)
      throw new RangeError(
        `randomGraph: level ${level} needs ${degree} different predecessors, but there are ${end - first} below: have at least ${degree} neurons a level`,
      );
    const predecessors = new Int32Array(count * degree);
    for (let neuron = 0; neuron < count; neuron++)
      predecessors.set(
        sample(end - first, degree, generator).map((node) => first + node),
        neuron * degree,
      );
    built.push({ neurons: count, inDegree: degree, predecessors });
    if (level === 1 || level === bottleneck?.level) first = end;
    end += count;
  }
  return { inputs, levels: built };
}
