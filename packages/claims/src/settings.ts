import { InputError, nearestName } from "lineament";
import { z } from "zod";
import type { Claim } from "./claim.ts";

/** Values of settings by name. */
export type Settings = Readonly<Record<string, unknown>>;

/** One setting as its schema describes it. */
export interface SettingDescription {
  readonly name: string;
  /** "a whole number in [1, 200]". */
  readonly range: string;
  readonly description: string;
  /** The quick value. */
  readonly value: unknown;
  /** The value of the full run, where it differs. */
  readonly full: unknown;
}

/** The part of JSON Schema that settings are made of. */
interface ValueSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly ValueSchema[];
  readonly items?: ValueSchema | false;
  readonly prefixItems?: readonly ValueSchema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
}

/** All settings of a claim, in the order of its schema. */
export function describeSettings(claim: Claim): SettingDescription[] {
  return Object.entries(valueSchemas(claim)).map(([name, schema]) => ({
    name,
    range: rangeWords(schema),
    description: schema.description ?? "",
    value: schema.default,
    full: claim.full?.[name],
  }));
}

/**
 * The settings of a run: the given ones, with `full` those of the full run below them, and the defaults of the schema below all.
 * @throws InputError naming the first setting that is unknown (with the nearest name and the list) or out of its range
 */
export function parseSettings(claim: Claim, given: Settings = {}, { full = false } = {}): Settings {
  for (const name of Object.keys(given)) assertSetting(claim, name);
  const asked = { ...(full ? claim.full : {}), ...given };
  const result = claim.settings.safeParse(asked);
  if (result.success) return result.data;
  const { path, code, message } = result.error.issues[0]!;
  const name = String(path[0]);
  const value = name in asked ? asked[name] : valueSchemas(claim)[name]?.default;
  // What several settings must satisfy together has words of its own.
  throw misfit(claim, name, value, code === "custom" ? message : undefined);
}

/**
 * A setting as it is typed: numbers, true and false, words, lists separated by commas, anything else as JSON.
 * @throws InputError when the claim has no such setting, or the text is no value of its kind
 */
export function settingFromText(claim: Claim, name: string, text: string): unknown {
  assertSetting(claim, name);
  const value = readValue(valueSchemas(claim)[name]!, text.trim());
  if (value === undefined) throw misfit(claim, name, text);
  return value;
}

/** Whether a claim has this setting. */
export function hasSetting(claim: Claim, name: string): boolean {
  return Object.hasOwn(claim.settings.shape, name);
}

function assertSetting(claim: Claim, name: string): void {
  if (hasSetting(claim, name)) return;
  const names = Object.keys(claim.settings.shape);
  const near = nearestName(name, names);
  const list = `t has ${names.join(", ")}`;
  throw new InputError(
    `${claim.code} has no setting ${name}; ${near === undefined ? `i${list}` : `did you mean ${near}? I${list}`}`,
  );
}

function valueSchemas(claim: Claim): Readonly<Record<string, ValueSchema>> {
  const schema = z.toJSONSchema(claim.settings, { io: "input", unrepresentable: "any" });
  return (schema.properties ?? {}) as Readonly<Record<string, ValueSchema>>;
}

function misfit(claim: Claim, name: string, value: unknown, condition?: string): InputError {
  const schema = valueSchemas(claim)[name];
  const shown = typeof value === "number" ? String(value) : JSON.stringify(value);
  const fits = condition ?? `it must be ${schema === undefined ? "otherwise" : rangeWords(schema)}`;
  return new InputError(`${claim.code}: ${name} = ${shown} does not fit: ${fits}`);
}

/** What fits a schema, in words: "a whole number in [1, 200]", "1 to 8 values, each a number in [0, 100]". */
function rangeWords(schema: ValueSchema): string {
  const options = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (options !== undefined)
    return options.length === 1 ? String(options[0]) : `one of ${options.join(", ")}`;
  if (schema.anyOf !== undefined) return schema.anyOf.map(rangeWords).join(" or ");
  switch (schema.type) {
    case "integer":
      return `a whole number${interval(schema)}`;
    case "number":
      return `a number${interval(schema)}`;
    case "boolean":
      return "true or false";
    case "string":
      return "a text";
    case "array":
      if (schema.prefixItems !== undefined)
        return `a list of ${schema.prefixItems.map(rangeWords).join(" and ")}`;
      return `${howMany(schema)}, each ${rangeWords(schema.items || {})}`;
    default:
      return "a JSON value";
  }
}

function howMany({ minItems = 0, maxItems = Infinity }: ValueSchema): string {
  if (minItems === maxItems) return `${minItems} values`;
  if (maxItems < Infinity) return `${minItems} to ${maxItems} values`;
  return minItems === 0 ? "any number of values" : `${minItems} or more values`;
}

function interval(schema: ValueSchema): string {
  const { exclusiveMinimum: above, exclusiveMaximum: below, multipleOf } = schema;
  // zod bounds whole numbers by what a double can hold.
  const bound = (value: number | undefined): number | undefined =>
    value === undefined || Math.abs(value) === Number.MAX_SAFE_INTEGER ? undefined : value;
  const [least, most] = [bound(schema.minimum), bound(schema.maximum)];
  const low = above ?? least;
  const high = below ?? most;
  const multiple = multipleOf === undefined ? "" : `, a multiple of ${multipleOf}`;
  if (low !== undefined && high !== undefined)
    return ` in ${above === undefined ? "[" : "("}${low}, ${high}${below === undefined ? "]" : ")"}${multiple}`;
  if (low !== undefined) return `${above === undefined ? `, ${low} or more` : ` above ${low}`}${multiple}`;
  if (high !== undefined) return `${below === undefined ? `, ${high} or less` : ` below ${high}`}${multiple}`;
  return multiple;
}

/** The value that a text stands for, or undefined when it stands for none of this kind. Ranges are the schema's business. */
function readValue(schema: ValueSchema, text: string): unknown {
  const options = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (options !== undefined) return options.find((option) => String(option) === text);
  if (schema.anyOf !== undefined)
    return schema.anyOf.map((option) => readValue(option, text)).find((value) => value !== undefined);
  switch (schema.type) {
    case "integer":
    case "number":
      return text !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "string":
      return text;
    case "array":
      return text.startsWith("[") ? readJson(text) : readList(schema, text);
    default:
      return readJson(text);
  }
}

function readList({ items, prefixItems }: ValueSchema, text: string): unknown {
  const parts = text === "" ? [] : text.split(",");
  const values = parts.map((part, i) => readValue(prefixItems?.[i] ?? (items || {}), part.trim()));
  return values.includes(undefined) ? undefined : values;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
