import { plainModule, relaxedModule } from "./modules.generated.ts";

/** The compiled kernels; fused multiply-add where this machine's WebAssembly has relaxed SIMD. */
export interface CompiledModule {
  readonly module: WebAssembly.Module;
  readonly relaxed: boolean;
}

let compiled: Promise<CompiledModule> | undefined;

/** Compiles once in a program. */
export function compiledModule(): Promise<CompiledModule> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<CompiledModule> {
  const fused = bytes(relaxedModule);
  const relaxed = WebAssembly.validate(fused);
  const binary = relaxed ? fused : bytes(plainModule);
  if (!WebAssembly.validate(binary)) throw new Error("this JavaScript engine has no WebAssembly SIMD");
  return { module: await WebAssembly.compile(binary), relaxed };
}

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
