import type { Engine } from "../engine.ts";
import type { EngineOptions } from "../open-engine.ts";

/** Where there is no Node.js there is no native engine. */
export function openNativeEngine(_options: EngineOptions = {}): Promise<Engine> {
  return Promise.reject(new Error("the native engine needs Node.js"));
}
