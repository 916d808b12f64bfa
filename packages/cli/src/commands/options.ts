import process from "node:process";
import {
  type ColumnKind,
  columnKinds,
  type Engine,
  type FitOptions,
  InputError,
  type Method,
  type NamedKernel,
  namedKernel,
  openEngine,
  quote,
} from "lineament";
import { InvalidArgumentError } from "commander";

/** Parsers of option values. A wrong value is a usage error: one line, exit code 2. */

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/u.test(text) || value < 1 || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("It must be a positive whole number.");
  return value;
}

/** Layers of a factorization: a product has at least two. */
export function depth(text: string): number {
  const value = Number(text);
  if (!/^\d+$/u.test(text) || value < 2 || value > 8)
    throw new InvalidArgumentError("It must be a whole number from 2 to 8.");
  return value;
}

export function wholeNumber(text: string): number {
  if (!/^\d+$/u.test(text) || !Number.isSafeInteger(Number(text)))
    throw new InvalidArgumentError("It must be a whole number, 0 or more.");
  return Number(text);
}

/** A ridge: 0 or more. */
export function ridge(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value < Infinity))
    throw new InvalidArgumentError("It must be a number, 0 or more.");
  return value;
}

/** 3, 0..4, or 0,3,7: whole numbers, each once. */
export function seedList(text: string): number[] {
  const seeds = text.split(",").flatMap((part) => {
    const range = /^\s*(\d{1,15})(?:\.\.(\d{1,15}))?\s*$/u.exec(part);
    const [first, last] = [Number(range?.[1]), Number(range?.[2] ?? range?.[1])];
    if (!range || last < first || last - first >= 1000)
      throw new InvalidArgumentError("It must be seeds such as 3, 0..4 or 0,3,7, at most 1,000.");
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  return [...new Set(seeds)];
}

/** 60, 60s, 5m, 1.5h: seconds. */
export function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(s|m|min|h)?$/iu.exec(text.trim());
  const seconds = match
    ? Number(match[1]) * { s: 1, m: 60, h: 3600 }[(match[2]?.[0] ?? "s").toLowerCase() as "s" | "m" | "h"]
    : 0;
  if (!(seconds > 0)) throw new InvalidArgumentError("It must be a time such as 60s, 5m or 1h.");
  return seconds;
}

/** 8GB, 500MB, 2GiB: bytes. */
export function size(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?$/iu.exec(text.trim());
  const power = " kmgt".indexOf((match?.[2] || " ").toLowerCase());
  const bytes = match ? Number(match[1]) * (match[3] === "" ? 1000 : 1024) ** power : 0;
  if (!(bytes > 0)) throw new InvalidArgumentError("It must be a size such as 8GB or 500MB.");
  return bytes;
}

/** Between 0 and 1, both left out. */
export function coverage(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && value < 1))
    throw new InvalidArgumentError("It must lie between 0 and 1, such as 0.9.");
  return value;
}

/** laplace, ntk:relu:3: a kernel. */
export function kernelByName(text: string): NamedKernel {
  try {
    return namedKernel(text);
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/** For options that may be repeated. */
export function collect(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}

/** Column names: each value is a name if the table has it, else names separated by commas. */
export function columnNames(
  values: readonly string[] | undefined,
  table: { readonly columns: readonly { readonly name: string }[] },
): string[] | undefined {
  return values?.flatMap((value) =>
    table.columns.some((column) => column.name === value)
      ? [value]
      : value
          .split(",")
          .map((name) => name.trim())
          .filter((name) => name !== ""),
  );
}

/** `column=kind` pairs; the last equals sign counts. */
export function kindPairs(values: readonly string[] | undefined): Record<string, ColumnKind> | undefined {
  if (!values) return undefined;
  const pairs = values.flatMap((value) => (/=.*,.*=/u.test(value) ? value.split(",") : [value]));
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.lastIndexOf("=");
      const kind = pair.slice(at + 1).trim();
      if (at <= 0 || !columnKinds.includes(kind as ColumnKind))
        throw new InputError(
          `--kinds ${quote(pair)}: write COLUMN=KIND with a kind of number, category, boolean, date, identifier or text`,
        );
      return [pair.slice(0, at).trim(), kind as ColumnKind];
    }),
  );
}

/** The method of a fit as an option of the library, which chooses where there is none. */
export function methodOf(method: "auto" | Method): Pick<FitOptions, "method"> {
  return method === "auto" ? {} : { method };
}

export const engineNames = ["auto", "native", "wasm", "plain"] as const;

export interface EngineFlags {
  readonly engine?: (typeof engineNames)[number] | undefined;
  readonly threads?: number | undefined;
}

/** Runs with an engine and closes it. @throws InputError when the engine asked for is not there */
export async function withEngine<T>(
  { engine, threads }: EngineFlags,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const asked = process.env["LINEAMENT_ENGINE"];
  let opened: Engine;
  try {
    // A flag says more than the environment.
    if (engine !== undefined && asked) delete process.env["LINEAMENT_ENGINE"];
    opened = await openEngine({ engine, threads });
  } catch (error) {
    throw new InputError(
      (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/gu, " "),
    );
  } finally {
    if (asked) process.env["LINEAMENT_ENGINE"] = asked;
  }
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

/** Bytes that a fit may take: four fifths of what the machine, or the container, has to spare. */
export function memoryBudget(): number {
  const constrained = process.constrainedMemory();
  const available = process.availableMemory();
  return Math.floor(0.8 * (constrained > 0 ? Math.min(constrained, available) : available));
}

/** The words as a shell would take them. */
export function commandLine(words: readonly string[]): string {
  const quoted = words.map((word) =>
    /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`,
  );
  return ["lineament", ...quoted].join(" ");
}
