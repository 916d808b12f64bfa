import type { LinearStep, NormalizeStep, Reading } from "./plan.ts";

/** The steps that the output needs, in order. */
export function neededSteps(
  steps: readonly (LinearStep | NormalizeStep)[],
  output: number,
): readonly (LinearStep | NormalizeStep)[] {
  const bases = new Set([output]);
  const vectors = new Set<number>();
  const needed = steps.toReversed().filter((step) => {
    const made = step.kind === "linear" ? bases.has(step.base) : vectors.has(step.deviation);
    if (made) {
      for (const base of basesRead(step.from)) bases.add(base);
      for (const vector of vectorsRead(step.from)) vectors.add(vector);
    }
    return made;
  });
  return needed.toReversed();
}

/** By step: the bases that no later step reads, and that are not the output. */
export function released(
  steps: readonly (LinearStep | NormalizeStep)[],
  output: number,
): readonly (readonly number[])[] {
  const kept = new Set([output]);
  const last = steps.toReversed().map(({ from }) => {
    const read = [...basesRead(from)].filter((base) => !kept.has(base));
    for (const base of read) kept.add(base);
    return read;
  });
  return last.toReversed();
}

function basesRead({ factors }: Reading): ReadonlySet<number> {
  return new Set(factors.flatMap(({ gaussian }) => gaussian.parts.map(({ base }) => base)));
}

function vectorsRead({ factors, groups }: Reading): readonly number[] {
  return [
    ...factors.flatMap(({ gaussian }) => gaussian.parts.flatMap(({ coefficient }) => coefficient.vectors)),
    ...groups.flatMap(({ terms }) => terms.flatMap(({ coefficient }) => coefficient.vectors)),
  ];
}
