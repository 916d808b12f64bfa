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
const { Interrupts } = await import("./commands/context.ts");
const { run } = await import("./commands/program.ts");
const { fileReason } = await import("./tables/index.ts");

const interrupts = new Interrupts();
const { signal } = interrupts;
// Once all is to stop, the next time there is no waiting for what is under way.
process.on("SIGINT", () => (signal.aborted ? process.exit(130) : interrupts.press()));
process.on("SIGTERM", () => (signal.aborted ? process.exit(143) : interrupts.stop()));
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // `lineament … | head` ends the reader first: that is no error.
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`error: standard output cannot be written: ${fileReason(error)}\n`);
  process.exit(1);
});

const { stdout, stderr, stdin } = process;
const code = await run(process.argv.slice(2), { stdout, stderr, stdin, signal, interrupts });
// Machine code may still be under way in a thread; its result is of no use.
if (signal.aborted) process.exit(code);
process.exitCode = code;
