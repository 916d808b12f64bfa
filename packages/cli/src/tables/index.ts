export { assertSpace, DiskSpool } from "./disk-spool.ts";
export { type OpenedTable, openTable } from "./open-table.ts";
export { type Provenance, type ReadOptions, type ReadResult, readTable } from "./read-table.ts";
export { cellOf, linesOf, tableEndings, writeTable } from "./write-table.ts";
export { assertWritable, fileReason, writeWhole } from "./write-whole.ts";
