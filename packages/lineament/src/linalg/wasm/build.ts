// Compiles the kernels (with and without relaxed SIMD) and bundles the browser worker into modules.generated.ts, as text,
// so that the library needs no fetch and no bundler settings. Run by `npm run build:wasm`.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { rolldown } from "rolldown";

const here = dirname(fileURLToPath(import.meta.url));

/** The kernels as a binary module in base64. */
async function compile(features: readonly string[]): Promise<string> {
  const options = ["-O3", "--noAssert", "--runtime", "stub", "--use", "abort=", "--outFile", "kernels.wasm"];
  let binary: Uint8Array | undefined;
  const messages: string[] = [];
  const { error } = await asc.main(
    ["index.ts", ...options, ...features.flatMap((feature) => ["--enable", feature])],
    {
      readFile(name: string, base: string) {
        try {
          return readFileSync(join(here, "assembly", base, name), "utf8");
        } catch {
          return null; // the compiler tries several places
        }
      },
      writeFile(_name: string, contents: Uint8Array | string) {
        if (typeof contents !== "string") binary = contents;
      },
      listFiles: () => [],
      stderr: { write: (text: string) => messages.push(text) },
    },
  );
  if (error || !binary) throw new Error(`the kernels do not compile: ${messages.join("")}`);
  return Buffer.from(binary).toString("base64");
}

async function bundle(entry: string): Promise<string> {
  const build = await rolldown({ input: join(here, entry), platform: "browser" });
  const { output } = await build.generate({ format: "iife", minify: true });
  await build.close();
  return output[0].code;
}

const lines = [
  "// Made by build.ts; not kept in git.",
  `export const plainModule = ${JSON.stringify(await compile(["simd"]))};`,
  `export const relaxedModule = ${JSON.stringify(await compile(["simd", "relaxed-simd"]))};`,
  `export const workerSource = ${JSON.stringify(await bundle("worker-web.ts"))};`,
];
writeFileSync(join(here, "modules.generated.ts"), lines.join("\n") + "\n");
