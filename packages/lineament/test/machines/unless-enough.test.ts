import { expect, test } from "vitest";
import { anySignal } from "../../src/machines/any-signal.ts";
import { timeLimit } from "../../src/machines/time-limit.ts";
import { unlessEnough } from "../../src/machines/unless-enough.ts";

const untilAborted = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason as Error)));

test("work is left out once it is enough, before it begins or in the middle", async () => {
  const enough = new AbortController();
  const running = unlessEnough(untilAborted, { enough: enough.signal });
  enough.abort(new Error("enough"));
  expect(await running).toBeUndefined();
  expect(await unlessEnough(() => expect.unreachable(), { enough: enough.signal })).toBeUndefined();
  expect(await unlessEnough(() => Promise.resolve(3), {})).toBe(3);
});

test("a signal to stop, and what goes wrong in the work, is thrown", async () => {
  const [stop, enough] = [new AbortController(), new AbortController()];
  const running = unlessEnough(untilAborted, { signal: stop.signal, enough: enough.signal });
  stop.abort(new Error("stop"));
  await expect(running).rejects.toThrow("stop");
  const failing = unlessEnough(
    () => {
      enough.abort();
      return Promise.reject(new Error("broken"));
    },
    { enough: enough.signal },
  );
  await expect(failing).rejects.toThrow("broken");
});

test("a limit on time aborts its signal when it is over, however long it is, unless it is cleared", async () => {
  const [short, long, cleared] = [0, 1e12, 0].map(timeLimit);
  cleared!.clear();
  expect(timeLimit(undefined).signal).toBeUndefined();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect([short, long, cleared].map((limit) => limit!.signal!.aborted)).toEqual([true, false, false]);
  long!.clear();
});

test("any of several signals aborts their union", () => {
  const controller = new AbortController();
  expect(anySignal(undefined, undefined)).toBeUndefined();
  expect(anySignal(undefined, controller.signal)).toBe(controller.signal);
  const either = anySignal(new AbortController().signal, controller.signal)!;
  controller.abort();
  expect(either.aborted).toBe(true);
});
