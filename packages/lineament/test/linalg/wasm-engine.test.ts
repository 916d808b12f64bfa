import { plainEngine } from "../../src/linalg/plain/index.ts";
import { openWasmEngine } from "../../src/linalg/wasm/index.ts";
import { describeEngine } from "./engine-contract.ts";

describeEngine("plain engine", async () => plainEngine());
describeEngine("wasm engine, one thread", () => openWasmEngine({ threads: 1, inlineFlops: 0 }));
describeEngine("wasm engine, two threads", () => openWasmEngine({ threads: 2, inlineFlops: 0 }));
describeEngine("wasm engine, on the calling thread", () => openWasmEngine({ inlineFlops: Infinity }));
