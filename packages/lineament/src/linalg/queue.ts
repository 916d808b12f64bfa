/** Runs asynchronous calls one after another, in the order they were made. */
export interface Queue {
  run<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Later calls reject; resolves when the earlier ones are done. */
  close(): Promise<void>;
  readonly closed: boolean;
}

export function queue(name: string): Queue {
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;
  return {
    run(call, signal) {
      if (closed) return Promise.reject(new Error(`the ${name} engine is closed`));
      const result = last.then(() => {
        signal?.throwIfAborted();
        return call();
      });
      last = result.catch(() => undefined); // the caller sees the failure; the next call starts anyway
      return result;
    },
    async close() {
      closed = true;
      await last;
    },
    get closed() {
      return closed;
    },
  };
}

/** Lets the event loop run when more than 15 ms have passed since it last could; throws when `signal` says stop. */
export function breather(signal?: AbortSignal): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < 15) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    signal?.throwIfAborted();
    last = performance.now();
  };
}
