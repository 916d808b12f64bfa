/** A signal that is aborted when time is over. */
export interface TimeLimit {
  /** Undefined where time has no limit. */
  readonly signal: AbortSignal | undefined;
  /** The signal is not aborted any more. */
  clear(): void;
}

/** Timers count milliseconds in 31 bits. */
const LONGEST = 2 ** 31 - 1;

/** Time, from now. */
export function timeLimit(seconds: number | undefined): TimeLimit {
  if (seconds === undefined) return { signal: undefined, clear: () => undefined };
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new Error(`${seconds} s are over`)),
    Math.min(LONGEST, Math.max(0, 1000 * seconds)),
  );
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}
