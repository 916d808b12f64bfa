import { Command, CommanderError, Option } from "commander";
import { InputError, lineamentVersion } from "lineament";
import { Screen } from "../output/screen.ts";
import { type Context, Ended, Interrupted } from "./context.ts";
import { type CompleteFlags, complete } from "./complete.ts";
import { type DiagnoseFlags, diagnose } from "./diagnose.ts";
import { type DoctorFlags, doctor } from "./doctor.ts";
import { type EvaluateFlags, evaluate } from "./evaluate.ts";
import { type ExplainFlags, explain } from "./explain.ts";
import { type FitFlags, fit } from "./fit.ts";
import {
  effortFlag,
  engineFlag,
  excludeFlag,
  featuresFlag,
  jsonFlag,
  kindsFlag,
  memoryFlag,
  methodFlag,
  noOutFlag,
  noReportFlag,
  outFlag,
  queryFlag,
  reportFlag,
  seedFlag,
  splitFlag,
  targetFlag,
  taskFlag,
  threadsFlag,
  timeFlag,
} from "./flags.ts";
import { collect, coverage, depth, kernelByName, positiveInteger, ridge, seedList } from "./options.ts";
import { type PlanFlags, plan } from "./plan.ts";
import { type PredictFlags, predict } from "./predict.ts";
import type { ReproduceFlags } from "./reproduce.ts";

/**
 * Runs a command line and returns its exit code: 0 done, 1 the work failed, 2 the request was wrong, 130 interrupted.
 * @param words - without node and the script
 */
export async function run(words: readonly string[], streams: Omit<Context, "words">): Promise<number> {
  const context: Context = { ...streams, words };
  const json = words.includes("--json");
  const screen = new Screen({ stdout: context.stdout, stderr: context.stderr, json });
  const program = describe(context, screen);
  try {
    await program.parseAsync(words, { from: "user" });
    screen.done();
    return 0;
  } catch (error) {
    screen.done();
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof Ended) return error.code;
    if (context.signal.aborted || error instanceof Interrupted) {
      screen.note("interrupted; nothing was written");
      return 130;
    }
    if (error instanceof InputError) {
      screen.error(error.message);
      return 2;
    }
    screen.error(error instanceof Error ? error.message : String(error));
    if (process.env["LINEAMENT_DEBUG"]) screen.note(error instanceof Error ? error.stack : undefined);
    else screen.note("This should not have happened. Set LINEAMENT_DEBUG=1 to see where it did.");
    return 1;
  }
}

const tableHelp = `A TABLE is CSV, TSV, JSON, JSON lines or Parquet, plain, gzip or zstd; a glob of files with
the same columns; or - for standard input.`;

function describe(context: Context, screen: Screen): Command {
  const program = new Command("lineament")
    .description("Kernel machines that learn features: fit a table, predict, and see what was learned.")
    .version(lineamentVersion, "-V, --version")
    .showSuggestionAfterError()
    .addHelpText(
      "after",
      `
Examples:
  $ lineament fit houses.csv --target price
  $ lineament predict model.safetensors new-houses.csv --out predictions.csv
  $ lineament explain model.safetensors

${tableHelp}`,
    );
  settle(program, context);

  const engineFlags = (command: Command): Command =>
    settle(command, context).addOption(engineFlag).addOption(threadsFlag).addOption(jsonFlag);

  engineFlags(program.command("fit"))
    .summary("learn to predict a column of a table")
    .description(
      "Learns to predict one column of a table from the others. Columns are understood by their values, the machine is chosen by validation on the training rows, and nothing needs tuning.",
    )
    .argument("<table>", "the training rows")
    .addOption(targetFlag)
    .addOption(taskFlag)
    .addOption(featuresFlag)
    .addOption(excludeFlag)
    .addOption(kindsFlag)
    .option("--weights <column>", "a column of positive weights")
    .option("--groups <column>", "rows with equal values here are kept together when validating")
    .addOption(splitFlag)
    .option("--test <table>", "a table of test rows, instead of --split")
    .addOption(queryFlag)
    .addOption(
      new Option(
        "--metric <form>",
        "auto lets validation choose; the others fit one machine (Laplace unless --kernel says otherwise): none learns no features",
      )
        .choices(["auto", "full", "diagonal", "none"])
        .default("auto"),
    )
    .option(
      "--kernel <name>",
      "fit one machine with this kernel: laplace, gaussian, matern32, matern52, lpq, or that of an infinitely wide network, such as ntk:relu:3 or nngp:gelu:2",
      kernelByName,
    )
    .addOption(effortFlag)
    .addOption(methodFlag)
    .addOption(timeFlag)
    .addOption(seedFlag("every random choice"))
    .addOption(memoryFlag)
    .addOption(outFlag("model.safetensors"))
    .addOption(noOutFlag)
    .addOption(reportFlag("report.html"))
    .addOption(noReportFlag)
    .option("--no-baselines", "fit no simple learners to compare with")
    .addHelpText(
      "after",
      `
Examples:
  $ lineament fit houses.csv --target price
  $ lineament fit mail.parquet --target spam --split part --effort thorough
  $ lineament fit houses.csv --target price --kernel ntk:relu:3
  $ lineament fit 'days-*.csv.gz' --target sales --test december.csv --kinds store=category
  $ lineament fit trips.csv --target minutes --query "select * exclude (id) from input where minutes > 0"

${tableHelp}
Column names that hold commas are given one a flag: --exclude "a, b" --exclude c.`,
    )
    .action((table: string, flags: FitFlags) => fit(table, flags, context, screen));

  engineFlags(program.command("complete"))
    .summary("fill in a matrix of which some entries are known, such as ratings")
    .description(
      "Completes a matrix from a table with one known entry a row: biases of rows and columns and a deep factorization of their interactions, whose depth, rank and stopping time are chosen on held-out entries.",
    )
    .argument("<table>", "the known entries")
    .requiredOption(
      "--row <column>",
      "the column of the table that names the rows of the matrix, such as users",
    )
    .requiredOption("--column <column>", "the one that names its columns, such as movies")
    .requiredOption("--value <column>", "the one with its entries, such as ratings")
    .addOption(splitFlag)
    .addOption(queryFlag)
    .addOption(
      new Option("--method <method>", "how the matrix is completed")
        .choices(["deep-factorization", "soft-impute", "alternating-least-squares", "biases", "mean"])
        .default("deep-factorization"),
    )
    .option("--depth <n>", "layers of the factorization (default: 2, 3 and 4 are compared)", depth)
    .option("--rank <n>", "largest rank of the interactions", positiveInteger)
    .addOption(seedFlag("every random choice"))
    .addOption(outFlag("completion.safetensors"))
    .addOption(noOutFlag)
    .addOption(reportFlag("completion.html"))
    .addOption(noReportFlag)
    .option("--no-baselines", "fit no simpler completions to compare with")
    .addHelpText(
      "after",
      `
Examples:
  $ lineament complete ratings.csv --row userId --column movieId --value rating
  $ lineament complete ratings.csv --row userId --column movieId --value rating --split part --json
  $ lineament predict completion.safetensors pairs.csv
  $ lineament predict completion.safetensors users.csv --top 10

${tableHelp}`,
    )
    .action((table: string, flags: CompleteFlags) => complete(table, flags, context, screen));

  engineFlags(program.command("predict"))
    .summary("predict the rows of a table")
    .description("Predicts the rows of a table with a fitted model: CSV on standard output, or a file.")
    .argument("<model>", "a model file")
    .argument("<table>", "the rows to predict")
    .option("--out <file>", "write the predictions here: .csv, .tsv, .json, .jsonl or .parquet")
    .option(
      "--intervals <coverage>",
      "add the ends of intervals that hold the truth this often, such as 0.9",
      coverage,
    )
    .option("--explain", "add how much each column contributes to each prediction")
    .option("--keep <columns>", "copy these columns of the table beside the predictions", collect)
    .option(
      "--top <k>",
      "of a completed matrix: the k best columns of every row name in the table, without those that training had",
      positiveInteger,
    )
    .addOption(queryFlag)
    .addHelpText(
      "after",
      `
Examples:
  $ lineament predict model.safetensors new-houses.csv --out predictions.parquet
  $ lineament predict model.safetensors new-houses.csv --intervals 0.9 --keep address | head
  $ cat new-houses.csv | lineament predict model.safetensors - --json
  $ lineament predict completion.safetensors users.csv --top 10

Columns may come in any order; columns that training did not have are ignored; levels that it did
not have are predicted, counted and reported.`,
    )
    .action((model: string, table: string, flags: PredictFlags) =>
      predict(model, table, flags, context, screen),
    );

  engineFlags(program.command("evaluate"))
    .summary("score a model on a table that has the target")
    .description("Scores a fitted model on rows whose target is known.")
    .argument("<model>", "a model file")
    .argument("<table>", "rows with the target")
    .option("--intervals <coverage>", "coverage of the intervals that are judged", coverage, 0.9)
    .addOption(queryFlag)
    .addHelpText(
      "after",
      `
Examples:
  $ lineament evaluate model.safetensors december.csv
  $ lineament evaluate model.safetensors all.csv --query "select * from input where part = 'test'" --json`,
    )
    .action((model: string, table: string, flags: EvaluateFlags) =>
      evaluate(model, table, flags, context, screen),
    );

  engineFlags(program.command("explain"))
    .summary("show what a model has learned, or why it predicts what it does")
    .description(
      "Without a table: which columns matter, along which directions the predictions change, and which columns interact. With a table: what drives the predictions there, or with --row that of one row.",
    )
    .argument("<model>", "a model file")
    .argument("[table]", "rows whose predictions are explained")
    .option(
      "--row <k>",
      "explain this row (from 1) of the table; without a table, of the training table",
      positiveInteger,
    )
    .option("--class <label>", "explain the probability of this class (default: the most probable one)")
    .addOption(queryFlag)
    .addOption(seedFlag("the sample of rows that is looked at"))
    .addHelpText(
      "after",
      `
Examples:
  $ lineament explain model.safetensors
  $ lineament explain model.safetensors new-houses.csv --row 3
  $ lineament explain model.safetensors --row 17 --json`,
    )
    .action((model: string, table: string | undefined, flags: ExplainFlags) =>
      explain(model, table, flags, context, screen),
    );

  engineFlags(program.command("diagnose"))
    .summary("show what more rows would do, and how a kernel machine overfits")
    .description(
      "Reads the learning curve of a kernel machine off its training rows: how its error would fall with more of them, how much of the target is noise, how its eigenvalues fall, and whether its overfitting is benign, tempered or catastrophic. Of a table: for kernel ridge regression on it, without feature learning. Of a model: for its heaviest machine, with its learned metric.",
    )
    .argument("<table or model>", "training rows, or a model file")
    .option("--target <column>", "the column to predict (of a table)")
    .addOption(taskFlag)
    .addOption(featuresFlag)
    .addOption(excludeFlag)
    .addOption(kindsFlag)
    .option("--split <column>", "a column that holds train and test; errors are measured on test rows too")
    .addOption(queryFlag)
    .option("--kernel <name>", "the kernel, such as gaussian or ntk:relu:3 (default: laplace)", kernelByName)
    .option("--ridge <lambda>", "the ridge (default: chosen by validation)", ridge)
    .option("--rows <n>", "look at this many training rows at most", positiveInteger, 2000)
    .addOption(seedFlag("the samples of rows"))
    .option("--report <file>", "write a page with pictures here")
    .addHelpText(
      "after",
      `
Examples:
  $ lineament diagnose houses.csv --target price --report diagnosis.html
  $ lineament diagnose houses.csv --target price --kernel gaussian --ridge 0.01
  $ lineament diagnose model.safetensors --json

${tableHelp}`,
    )
    .action((path: string, flags: DiagnoseFlags) => diagnose(path, flags, context, screen));

  engineFlags(program.command("plan"))
    .summary("show how a table would be fitted and what that takes")
    .description(
      "Reads a table and says how fit would fit it, by direct solution, a tree of feature machines or Nyström, and why: operations, memory, and time on this machine, which it measures for a moment. Nothing is fitted or written.",
    )
    .argument("<table>", "the training rows")
    .addOption(targetFlag)
    .addOption(taskFlag)
    .addOption(featuresFlag)
    .addOption(excludeFlag)
    .addOption(kindsFlag)
    .addOption(splitFlag)
    .addOption(queryFlag)
    .addOption(effortFlag)
    .addOption(methodFlag)
    .addOption(timeFlag)
    .addOption(memoryFlag)
    .addHelpText(
      "after",
      `
Examples:
  $ lineament plan houses.csv --target price
  $ lineament plan flights.parquet --target delay --effort thorough --memory 4GB --time 10m
  $ lineament plan houses.csv --target price --json

${tableHelp}`,
    )
    .action((table: string, flags: PlanFlags) => plan(table, flags, context, screen));

  engineFlags(program.command("doctor"))
    .summary("show what this machine offers and what will be used")
    .description(
      "Shows engine, BLAS and its version, threads, instruction sets, measured speed and the memory budget.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  $ lineament doctor\n  $ LINEAMENT_BLAS=/opt/mkl/libmkl_rt.so lineament doctor --json",
    )
    .action((flags: DoctorFlags) => doctor(flags, context, screen));

  settle(program.command("claims"), context)
    .summary("list the claims of the theory, or show one")
    .description("Lists claims that can be run; one alone is shown with its statement and settings.")
    .argument("[claim]", "a code, id or area, or all", "all")
    .addOption(jsonFlag)
    .addHelpText(
      "after",
      "\nExamples:\n  $ lineament claims\n  $ lineament claims linearized\n  $ lineament claims LZ-16",
    )
    .action(async (selector: string) => {
      // Loading the claims takes longer than the other commands want to wait.
      const { claims } = await import("./claims.ts");
      await claims(selector, context, screen);
    });

  settle(program.command("reproduce"), context)
    .summary("run claims of the theory and see whether they hold")
    .description(
      "Runs claims: what theory predicts, what is measured, and whether the two agree. Exit code 1 when a claim does not hold.",
    )
    .argument("<claims...>", "codes, ids or areas, or all")
    .option("--full", "larger settings, for minutes instead of seconds")
    .option("--set <name=value>", "change a setting where claims have it (repeatable)", collect)
    .option("--seeds <seeds>", "run with each of these: 3, 0..4 or 0,3,7", seedList)
    .option("--out <folder>", "write a gallery: a page, figures as SVG and PNG, numbers as JSON")
    .option("--workers <n>", "claims that run at once (default: all processors)", positiveInteger)
    .addOption(engineFlag)
    .addOption(jsonFlag)
    .addHelpText(
      "after",
      `
Examples:
  $ lineament reproduce LZ-16
  $ lineament reproduce linearized --out gallery
  $ lineament reproduce LZ-16 --set dimension=50 --set rotations=0,5 --seeds 0..4
  $ lineament reproduce all --full --json > claims.json`,
    )
    .action(async (selectors: string[], flags: ReproduceFlags) => {
      const { reproduce } = await import("./reproduce.ts");
      await reproduce(selectors, flags, context, screen);
    });

  return program;
}

/** Errors are thrown, and text goes to the streams of the context. */
function settle(command: Command, { stdout, stderr }: Context): Command {
  return command.exitOverride().configureOutput({
    writeOut: (text) => void stdout.write(text),
    writeErr: (text) => void stderr.write(text),
    outputError: (text, write) => write(text.replaceAll(/\n(?=\()/gu, " ")), // "(Did you mean …?)" on the same line
    getOutHasColors: () => stdout.isTTY === true,
    getErrHasColors: () => stderr.isTTY === true,
  });
}
