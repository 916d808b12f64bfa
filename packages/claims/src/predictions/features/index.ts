export * from "./balanced-features.ts";
