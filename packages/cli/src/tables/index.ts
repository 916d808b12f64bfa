export { type Provenance, type ReadOptions, type ReadResult, readTable } from "./read-table.ts";
export { cellOf, linesOf, tableEndings, writeTable } from "./write-table.ts";
export { assertWritable, fileReason, writeWhole } from "./write-whole.ts";
