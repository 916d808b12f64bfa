import { arch, cpus, platform, release, totalmem } from "node:os";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { type Engine, gigabytes, lineamentVersion, measureRates, openEngine } from "lineament";
import { DoctorDocument } from "../output/documents.ts";
import type { Screen } from "../output/screen.ts";
import type { Context } from "./context.ts";
import { type EngineFlags, memoryBudget } from "./options.ts";

export type DoctorFlags = EngineFlags;

/** Says what the machine offers and what will be used. */
export async function doctor(flags: DoctorFlags, { signal }: Context, screen: Screen): Promise<void> {
  const problems: string[] = [];
  const asked = flags.engine ?? (process.env["LINEAMENT_ENGINE"] || "auto");
  const engines: DoctorDocument["engines"] = [];
  for (const name of ["native", "wasm"] as const) {
    screen.progress(name, engines.length / 2, `measuring the ${name} engine`);
    try {
      const engine = await exactly(name, flags.threads);
      const rates = await measureRates(engine, { signal });
      engines.push({
        name,
        available: true,
        used: false,
        description: engine.description,
        threads: engine.threads,
        gigaflops: Math.round(rates.flops / 1e8) / 10,
        kernelValues: Math.round(rates.values),
        bandwidth: Math.round(rates.bandwidth),
      });
      await engine.close();
    } catch (error) {
      signal.throwIfAborted();
      const why = (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
      engines.push({ name, available: false, used: false, description: why });
    }
  }
  const used = engines.findIndex(({ name, available }) => available && (asked === "auto" || asked === name));
  if (used >= 0) engines[used] = { ...engines[used]!, used: true };
  else if (asked !== "plain") problems.push(`the engine ${asked} was asked for and is not there`);
  if (!engines[0]!.available)
    problems.push(
      "no BLAS was found; fits are several times faster with one (Debian: apt install libopenblas0)",
    );
  const budget = memoryBudget();
  const document: DoctorDocument = {
    version: lineamentVersion,
    node: process.version,
    platform: `${platform()} ${arch()} ${release()}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    processors: cpus().length,
    simd: await instructionSets(),
    memory: { total: totalmem(), available: process.availableMemory(), budget },
    engines,
    largestSolve: Math.floor(Math.sqrt(budget / 4)),
    problems,
  };
  screen.done();
  if (screen.json) screen.document(DoctorDocument.parse(document));
  else describe(document, screen);
}

/** That engine and no other, whatever the environment says. */
async function exactly(name: "native" | "wasm", threads: number | undefined): Promise<Engine> {
  const asked = process.env["LINEAMENT_ENGINE"];
  try {
    delete process.env["LINEAMENT_ENGINE"];
    return await openEngine({ engine: name, threads });
  } finally {
    if (asked !== undefined) process.env["LINEAMENT_ENGINE"] = asked;
  }
}

/** Instruction sets of the processor that matter here, where the system tells them (Linux). */
async function instructionSets(): Promise<string[]> {
  const names = ["sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_bf16", "amx_tile", "asimd", "sve"];
  const text = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/mu.exec(text)?.[1]?.split(" "));
  return names.filter((name) => flags.has(name));
}

function describe(document: DoctorDocument, screen: Screen): void {
  const { memory, engines } = document;
  const line = (name: string, value: string) =>
    screen.print(`${screen.style("bold", name.padEnd(11))} ${value}`);
  line("lineament", `${document.version} on Node.js ${document.node.slice(1)}, ${document.platform}`);
  line("processor", `${document.processor}, ${document.processors} of them`);
  line("simd", document.simd.join(", ") || "the system does not tell");
  line(
    "memory",
    `${gigabytes(memory.total)}, ${gigabytes(memory.available)} free; a fit may take ${gigabytes(memory.budget)}, enough for a kernel matrix of ${document.largestSolve.toLocaleString("en-US")}² in float32`,
  );
  for (const { name, available, used, description, gigaflops, kernelValues, bandwidth } of engines) {
    const mark = used
      ? screen.style("green", "✔ used")
      : available
        ? "  there"
        : screen.style("yellow", "✘ not there");
    const speed =
      gigaflops === undefined || kernelValues === undefined || bandwidth === undefined
        ? ""
        : `; matrix product ${gigaflops} GFLOP/s in float32, ${Math.round(kernelValues / 1e6)} million kernel values/s, ${(bandwidth / 1e9).toFixed(1)} GB/s by one thread`;
    line(name, `${mark}  ${description}${speed}`);
  }
  for (const problem of document.problems) screen.print(`${screen.style("yellow", "note:")} ${problem}`);
}
