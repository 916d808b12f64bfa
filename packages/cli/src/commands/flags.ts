import { Option } from "commander";
import { collect, duration, engineNames, positiveInteger, size, wholeNumber } from "./options.ts";

/** Flags that several commands have, each worded once. */

export const engineFlag = new Option("--engine <name>", "what does the linear algebra").choices(engineNames);

export const threadsFlag = new Option(
  "--threads <n>",
  "threads of the engine (default: all processors)",
).argParser(positiveInteger);

export const jsonFlag = new Option("--json", "print one JSON document on standard output and nothing else");

export const targetFlag = new Option("--target <column>", "the column to predict").makeOptionMandatory();

export const taskFlag = new Option("--task <task>", "what the target is")
  .choices(["auto", "regression", "classification"])
  .default("auto");

export const featuresFlag = new Option(
  "--features <columns>",
  "use only these columns (separated by commas, or repeated)",
).argParser(collect);

export const excludeFlag = new Option(
  "--exclude <columns>",
  "leave these columns out (separated by commas, or repeated)",
).argParser(collect);

export const kindsFlag = new Option(
  "--kinds <column=kind>",
  "what a column is: number, category, boolean, date, identifier or text (repeatable)",
).argParser(collect);

export const splitFlag = new Option(
  "--split <column>",
  "a column that holds train and test; test rows are scored at the end",
);

export const queryFlag = new Option("--query <sql>", "an SQL query over the table, which is named input");

export const effortFlag = new Option("--effort <effort>", "how much is tried")
  .choices(["quick", "default", "thorough"])
  .default("default");

export const methodFlag = new Option(
  "--method <method>",
  "how the chosen machines are fitted to all rows: by kernel matrices of them, in the leaves of trees, or on a sample as centers; auto: by rows, memory and time",
)
  .choices(["auto", "direct", "tree", "nystrom"])
  .default("auto");

export const timeFlag = new Option(
  "--time <time>",
  "time that the fit may take, such as 60s or 5m: less is tried, and the best by then is the model",
).argParser(duration);

export const memoryFlag = new Option(
  "--memory <size>",
  "memory that the fit may take, such as 8GB; larger tables stream from disk (default: 80 % of what is free)",
).argParser(size);

/** @param of - what is drawn with the seed */
export const seedFlag = (of: string): Option =>
  new Option("--seed <n>", `seed of ${of}`).argParser(wholeNumber).default(0);

/** @param file - where it goes unless the flag says otherwise */
export const outFlag = (file: string): Option =>
  new Option("--out <file>", "where to put the model").default(file);

export const noOutFlag = new Option("--no-out", "keep no model");

/** @param file - where it goes unless the flag says otherwise */
export const reportFlag = (file: string): Option =>
  new Option("--report <file>", "where to put the report").default(file);

export const noReportFlag = new Option("--no-report", "write no report");
