import { openNativeEngine } from "#native";
import type { Engine } from "./engine.ts";
import { plainEngine } from "./plain/index.ts";
import { openWasmEngine } from "./wasm/index.ts";

export interface EngineOptions {
  /**
   * "auto" (default): native if a BLAS is found, else wasm. "plain" is slow and for tests. The environment variable
   * LINEAMENT_ENGINE overrides.
   */
  readonly engine?: "native" | "wasm" | "plain" | "auto" | undefined;
  /** Threads for heavy calls. Default: LINEAMENT_THREADS, else all processors. */
  readonly threads?: number | undefined;
  /** Calls below this many flops run on the calling thread: all of them, where it has nothing else to do. Default few. */
  readonly inlineFlops?: number | undefined;
}

/**
 * Opens the engine that everything else is passed. Close it when done.
 * @throws when the engine asked for is not there (LINEAMENT_BLAS asks for native), or when there is none of that name
 */
export async function openEngine({
  engine = "auto",
  threads,
  inlineFlops,
}: EngineOptions = {}): Promise<Engine> {
  const asked = environment("LINEAMENT_ENGINE") ?? engine;
  const fromEnvironment = environment("LINEAMENT_THREADS");
  const count = threads ?? (fromEnvironment === undefined ? undefined : Number(fromEnvironment));
  if (count !== undefined && !(Number.isInteger(count) && count >= 1))
    throw new RangeError(`threads: ${threads ?? fromEnvironment} is not a positive whole number`);
  const options = { threads: count, inlineFlops };
  switch (asked) {
    case "native":
      return openNativeEngine(options);
    case "wasm":
      return openWasmEngine(options);
    case "plain":
      return plainEngine();
    case "auto":
      if (environment("LINEAMENT_BLAS") !== undefined) return openNativeEngine(options);
      return openNativeEngine(options).catch(() => openWasmEngine(options));
    default:
      throw new RangeError(`engine: ${asked} is not one of native, wasm, plain, auto`);
  }
}

function environment(name: string): string | undefined {
  const value = typeof process === "undefined" ? undefined : process.env[name];
  return value === "" ? undefined : value;
}
