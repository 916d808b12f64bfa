// Fits every public table with default settings on its fixed split and prints the scores beside those of the peers.
//
//   node --conditions=@lineament/source bench/accuracy.ts DATA_FOLDER [--tables a,b] [--effort default] [--seed 0] [--json out.json]
//
// DATA_FOLDER holds the tables named in bench/peers.json. Nothing is chosen by looking at test rows.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fitTable, openEngine } from "lineament";
import { readTable } from "../packages/cli/src/tables/index.ts";

interface PeerTable {
  readonly name: string;
  readonly file: string;
  readonly task: "regression" | "classification";
  readonly target: string;
  readonly score: Readonly<Record<string, number>>;
  readonly loss: Readonly<Record<string, number>>;
}

interface Row {
  readonly table: string;
  readonly score: number;
  readonly loss: number;
  readonly seconds: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tables: { type: "string" },
    effort: { type: "string", default: "default" },
    seed: { type: "string", default: "0" },
    json: { type: "string" },
  },
});
const folder = positionals[0];
if (!folder || !existsSync(folder)) {
  console.error(
    "usage: bench/accuracy.ts DATA_FOLDER [--tables a,b] [--effort default] [--seed 0] [--json out.json]",
  );
  process.exit(2);
}
const peers: readonly PeerTable[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "peers.json"), "utf8"),
).tables;
/** The peers that finished every table. */
const methods = Object.keys(peers[0]!.score).filter((method) =>
  peers.every((table) => method in table.score),
);
const wanted = values.tables?.split(",");
const engine = await openEngine();
console.log(`engine: ${engine.description}`);
const rows: Row[] = [];
for (const { name, file, task, target } of peers.filter((table) => !wanted || wanted.includes(table.name))) {
  const { table } = await readTable(join(folder, file));
  const started = performance.now();
  const { test } = await fitTable(table, {
    target,
    task,
    split: "split",
    effort: values.effort as "default",
    seed: Number(values.seed),
    engine,
    baselines: false,
    importances: false,
  });
  const scores = test!.evaluation.test;
  const row =
    "r2" in scores
      ? { score: scores.r2, loss: scores.rmse }
      : { score: scores.accuracy, loss: scores.logLoss };
  rows.push({ table: name, ...row, seconds: (performance.now() - started) / 1000 });
  console.log(
    format(
      rows.at(-1)!,
      peers.find((peer) => peer.name === name)!,
    ),
  );
}
await engine.close();
if (rows.length === peers.length) summarize();
if (values.json)
  writeFileSync(
    values.json,
    JSON.stringify(
      { engine: engine.description, effort: values.effort, seed: values.seed, rows },
      undefined,
      1,
    ),
  );

function format({ table, score, loss, seconds }: Row, peer: PeerTable): string {
  const best = Object.entries(peer.score).reduce((a, b) => (b[1] > a[1] ? b : a));
  const bestLoss = Object.entries(peer.loss).reduce((a, b) => (b[1] < a[1] ? b : a));
  return `${table.padEnd(14)} score ${score.toFixed(4)} (best peer ${best[1]} ${best[0]}, xgb tuned ${peer.score["xgb tuned"]})  loss ${loss.toPrecision(5)} (best peer ${bestLoss[1]} ${bestLoss[0]})  ${seconds.toFixed(0)} s`;
}

/** Mean ranks among the peers (ties share their mean rank) and the error relative to tuned XGBoost. */
function summarize(): void {
  const rank = (values: readonly number[], at: number): number =>
    values.filter((value) => value < values[at]!).length +
    (values.filter((value) => value === values[at]).length + 1) / 2;
  const columns = ["lineament", ...methods];
  const byScore = columns.map(() => 0);
  const byLoss = columns.map(() => 0);
  for (const row of rows) {
    const peer = peers.find(({ name }) => name === row.table)!;
    const errors = [-Number(row.score.toFixed(4)), ...methods.map((method) => -peer.score[method]!)];
    const losses = [row.loss, ...methods.map((method) => peer.loss[method]!)];
    columns.forEach((_, at) => {
      byScore[at]! += rank(errors, at) / rows.length;
      byLoss[at]! += rank(losses, at) / rows.length;
    });
  }
  const relative = (scoreOf: (peer: PeerTable, row: Row) => number): number =>
    Math.exp(
      rows.reduce((sum, row) => {
        const peer = peers.find(({ name }) => name === row.table)!;
        return sum + Math.log((1 - scoreOf(peer, row)) / (1 - peer.score["xgb tuned"]!));
      }, 0) / rows.length,
    );
  console.log(
    "\nmethod           rank by R²/accuracy   rank by RMSE/log loss   error relative to tuned XGBoost",
  );
  columns
    .map((name, at) => ({
      name,
      score: byScore[at]!,
      loss: byLoss[at]!,
      error: relative((peer, row) => (at === 0 ? row.score : peer.score[name]!)),
    }))
    .toSorted((a, b) => a.score - b.score)
    .forEach(({ name, score, loss, error }) =>
      console.log(
        `${name.padEnd(16)} ${score.toFixed(2).padStart(19)} ${loss.toFixed(2).padStart(23)} ${error.toFixed(3).padStart(33)}`,
      ),
    );
}
