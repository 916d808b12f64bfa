#!/usr/bin/env node
import process from "node:process";

// Nothing else is imported before the version is known to be able to read it.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `error: lineament needs Node.js 22.18 or later, and this is ${process.versions.node}; from a clone, "npm run lineament --" brings its own\n`,
  );
  process.exit(2);
}
const { Interrupted } = await import("./commands/context.ts");
const { run } = await import("./commands/program.ts");

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
