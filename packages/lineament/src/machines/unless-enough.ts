import { anySignal } from "./any-signal.ts";

/** What stops work at once, and what ends it early. */
export interface EarlyEnd {
  readonly signal?: AbortSignal | undefined;
  readonly enough?: AbortSignal | undefined;
}

/**
 * Does work that can be left out: it is not begun when that is enough, and given up as soon as it is.
 *
 * @returns undefined when the work was left out
 */
export async function unlessEnough<T>(
  work: (signal: AbortSignal | undefined) => Promise<T>,
  { signal, enough }: EarlyEnd,
): Promise<T | undefined> {
  if (enough?.aborted) return undefined;
  try {
    return await work(anySignal(signal, enough));
  } catch (error) {
    if (enough?.aborted && !signal?.aborted && error === enough.reason) return undefined;
    throw error;
  }
}
