import { parentPort } from "node:worker_threads";
import { type Engine, type Matrix } from "../../linalg/index.ts";
import { openEngine } from "../../linalg/open-engine.ts";
import { fitLeaf, type FittedLeaf, type LeafJob, type LeafProblem } from "./fit-leaf.ts";

/** What a leaf thread is told. Matrices of the problem live in memory that threads share. */
export type ToLeafWorker =
  | {
      readonly kind: "open";
      readonly problem: LeafProblem;
      readonly engine: Engine["name"];
      /** Rows of the largest leaf. */
      readonly largest: number;
    }
  | {
      readonly kind: "leaf";
      readonly job: LeafJob;
      /** There is no time for more than the quickest leaf. */
      readonly quick: boolean;
    };

export type FromLeafWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "leaf"; readonly leaf: FittedLeaf }
  | { readonly kind: "error"; readonly message: string };

let opened: { readonly engine: Engine; readonly problem: LeafProblem; readonly memory: Matrix } | undefined;

async function answer(message: ToLeafWorker): Promise<FromLeafWorker> {
  try {
    if (message.kind === "open") {
      const { problem, largest } = message;
      const engine = await openEngine({ engine: message.engine, threads: 1 });
      opened = { engine, problem, memory: engine.allocate(largest, largest, problem.settings.precision) };
      return { kind: "ready" };
    }
    const { engine, problem, memory } = opened!;
    const enough = message.quick ? AbortSignal.abort() : undefined;
    return { kind: "leaf", leaf: await fitLeaf(engine, problem, message.job, { memory, enough }) };
  } catch (error) {
    return { kind: "error", message: error instanceof Error ? error.message : String(error) };
  }
}

parentPort!.on("message", (message: ToLeafWorker) => {
  void answer(message).then((reply) => parentPort!.postMessage(reply));
});
