#!/usr/bin/env node
import process from "node:process";
import { Interrupted } from "./commands/context.ts";
import { run } from "./commands/program.ts";

const controller = new AbortController();
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.on(signal, () => {
    // The second time there is no waiting for what is under way.
    if (controller.signal.aborted) process.exit(code);
    controller.abort(new Interrupted());
  });
// `lineament … | head` ends the reader first: that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

const { stdout, stderr, stdin } = process;
const code = await run(process.argv.slice(2), { stdout, stderr, stdin, signal: controller.signal });
// Machine code may still be under way in a thread; its result is of no use.
if (controller.signal.aborted) process.exit(code);
process.exitCode = code;
