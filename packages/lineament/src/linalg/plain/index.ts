export { plainEngine } from "./engine.ts";
