import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Benchmark, Judged, Peer, Size } from "./benchmark.ts";
import { median } from "./statistics.ts";

/** How often, and how long, a contestant is asked to run. */
export interface Patience {
  /** Runs that count, at most. */
  readonly rounds: number;
  /** Seconds of all its runs of one size after which a contestant is not asked again. */
  readonly seconds: number;
  /** On the clock of `performance.now()`: whoever still runs is stopped. */
  readonly until: number;
}

/** One contestant at one size. */
export interface Measurement {
  readonly benchmark: string;
  readonly contestant: string;
  readonly size: Size;
  /** Median over runs. */
  readonly seconds: number;
  /** Of the runs that count, in their order. */
  readonly runs: readonly number[];
  /** The largest size of the process. */
  readonly peakBytes: number;
  /** Its size before it had any data. */
  readonly baseBytes: number;
  readonly score?: number;
  readonly predictionsPerSecond?: number;
}

/** One that could not finish, and why. */
export interface Failure {
  readonly benchmark: string;
  readonly contestant: string;
  readonly size: Size;
  readonly why: string;
}

interface Player {
  readonly name: string;
  readonly process: ChildProcess;
  readonly answer: () => Promise<Answer>;
  /** Resolves when the process is gone, with what it said last. */
  readonly ended: Promise<string>;
  readonly runs: number[];
  baseBytes: number;
  last: Judged;
  spent: number;
  done: boolean;
  why?: string;
}

interface Answer extends Judged {
  readonly ready?: true;
  readonly baseBytes?: number;
  readonly peakBytes?: number;
}

/** Why one did not finish when the time was over. */
export const noTime = "no time was left";

/** A run that takes so many seconds needs no other to warm up. */
const longRun = 2;

/**
 * Runs a problem of one size by all contestants, each in its own process, in turns, so that a busy machine slows all of them
 * alike. A first short run does not count.
 */
export async function contest(
  benchmark: Benchmark,
  size: Size,
  contestants: { readonly ours: readonly string[]; readonly peers: readonly Peer[] },
  python: string,
  patience: Patience,
): Promise<{ readonly measurements: readonly Measurement[]; readonly failures: readonly Failure[] }> {
  const question = JSON.stringify(size);
  const script = join(import.meta.dirname, "contestant.ts");
  const peers = join(import.meta.dirname, "..", "peers.py");
  const players = [
    ...contestants.ours.map((label) =>
      enter(label, process.execPath, [...process.execArgv, script, benchmark.id, label, question]),
    ),
    ...contestants.peers.map((peer) => enter(peer, python, [peers, benchmark.id, peer, question])),
  ];
  const stop = (): void => {
    for (const player of players) player.process.kill();
  };
  const clock = patience.until < Infinity ? setTimeout(stop, patience.until - performance.now()) : undefined;
  // Nobody runs before all have their data.
  await Promise.all(
    players.map((player) => ask(player, async () => (player.baseBytes = (await player.answer()).baseBytes!))),
  );
  const measurements: Measurement[] = [];
  while (players.some(({ done }) => !done))
    for (const player of players.filter(({ done }) => !done))
      await ask(player, async () => {
        await play(player, patience);
        // At once, so that its memory is free for the others.
        if (player.done) measurements.push(await leave(benchmark, size, player));
      });
  clearTimeout(clock);
  const timeOver = performance.now() > patience.until;
  const failures = players.flatMap(({ name, why }) =>
    why === undefined
      ? []
      : [{ benchmark: benchmark.id, contestant: name, size, why: timeOver ? noTime : why }],
  );
  const place = ({ contestant }: Measurement): number => players.findIndex(({ name }) => name === contestant);
  return { measurements: measurements.toSorted((a, b) => place(a) - place(b)), failures };
}

async function play(player: Player, { rounds, seconds: most }: Patience): Promise<void> {
  player.process.stdin!.write("run\n");
  const judged = await player.answer();
  const { seconds } = judged as { readonly seconds: number };
  player.last = judged;
  const warmedUp = player.spent > 0 || seconds > longRun;
  player.spent += seconds;
  if (warmedUp) player.runs.push(seconds);
  player.done = player.runs.length >= rounds || (player.runs.length > 0 && player.spent > most);
}

async function leave({ id }: Benchmark, size: Size, player: Player): Promise<Measurement> {
  player.process.stdin!.end();
  const { peakBytes } = await player.answer();
  player.process.kill();
  await player.ended;
  const { score, predictionsPerSecond } = player.last;
  return {
    benchmark: id,
    contestant: player.name,
    size,
    seconds: median(player.runs),
    runs: player.runs,
    peakBytes: peakBytes!,
    baseBytes: player.baseBytes,
    ...(score === undefined ? {} : { score }),
    ...(predictionsPerSecond === undefined ? {} : { predictionsPerSecond }),
  };
}

/** Does something with a player; when it fails, the player is out. */
async function ask(player: Player, what: () => Promise<unknown>): Promise<void> {
  try {
    await what();
  } catch (error) {
    player.done = true;
    player.why = error instanceof Error ? error.message : String(error);
    player.process.kill();
  }
}

function enter(name: string, command: string, args: readonly string[]): Player {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (text) => (errors = (errors + String(text)).slice(-4000)));
  child.stdin.on("error", () => undefined); // it died: its answer says so
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(lastWords(errors) || `ended by ${signal ?? `code ${code}`}`));
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const answer = async (): Promise<Answer> => {
    for (;;) {
      const line = await lines.next();
      if (line.done) throw new Error(await ended);
      // Libraries print what they like; answers are JSON objects.
      if (line.value.startsWith("{")) return JSON.parse(line.value) as Answer;
    }
  };
  return { name, process: child, answer, ended, runs: [], baseBytes: 0, last: {}, spent: 0, done: false };
}

/** The line of an error's text that says what went wrong. */
function lastWords(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return (
    lines.findLast((line) => /^\s*\w*(?:Error|Exception|Interrupt)\b/u.test(line)) ??
    lines.at(-1) ??
    ""
  ).trim();
}
