export { type Context, Interrupted, Interrupts } from "./commands/context.ts";
export { run } from "./commands/program.ts";
export * from "./output/documents.ts";
export * from "./tables/index.ts";
