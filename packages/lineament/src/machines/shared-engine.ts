import type { Engine } from "../linalg/index.ts";
import { openEngine } from "../linalg/open-engine.ts";

let opened: Promise<Engine> | undefined;

/** The engine of fits that were not given one. */
export function sharedEngine(): Promise<Engine> {
  opened ??= openEngine();
  return opened;
}
