export * from "./errors.ts";
export * from "./table.ts";
export { formatDate, parseBoolean, parseDate, parseNumber } from "./cells.ts";
export * from "./column-kinds.ts";
export * from "./encoder.ts";
export * from "./target.ts";
