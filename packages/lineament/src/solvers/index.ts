export * from "./ridge-system.ts";
