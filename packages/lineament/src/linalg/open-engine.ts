import { openNativeEngine } from "#native";
import type { Engine } from "./engine.ts";
import { plainEngine } from "./plain/index.ts";
import { openWasmEngine } from "./wasm/index.ts";

export interface EngineOptions {
  /** "auto" (default) is native if a BLAS is found, else wasm. The environment variable LINEAMENT_ENGINE overrides. */
  readonly engine?: "native" | "wasm" | "plain" | "auto" | undefined;
  /** Threads for heavy calls; default LINEAMENT_THREADS, else all processors. */
  readonly threads?: number | undefined;
}

/**
 * Opens the engine that everything else is passed. Close it when done.
 * @throws when the engine asked for is not there, or LINEAMENT_ENGINE names none
 */
export async function openEngine({ engine = "auto", threads }: EngineOptions = {}): Promise<Engine> {
  const asked = environment("LINEAMENT_ENGINE") ?? engine;
  switch (asked) {
    case "native":
      return openNativeEngine({ threads });
    case "wasm":
      return openWasmEngine({ threads: threads ?? threadsOfEnvironment() });
    case "plain":
      return plainEngine();
    case "auto":
      return openNativeEngine({ threads }).catch(() => openWasmEngine({ threads: threads ?? threadsOfEnvironment() }));
    default:
      throw new RangeError(`engine: ${asked} is not one of native, wasm, plain, auto`);
  }
}

function environment(name: string): string | undefined {
  const value = typeof process === "undefined" ? undefined : process.env[name];
  return value === "" ? undefined : value;
}

function threadsOfEnvironment(): number | undefined {
  const value = environment("LINEAMENT_THREADS");
  return value === undefined ? undefined : Number(value);
}
