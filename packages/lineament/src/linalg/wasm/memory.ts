import type { Matrix } from "../matrix.ts";
import { precisionOf } from "../matrix.ts";
import { allocateShared, sharing } from "./pool.ts";

/** Lends matrices to the threads: as they are when their memory is shared, else as copies. */
export interface Loan {
  /** Threads will only read. */
  read(a: Matrix): Matrix;
  /** Threads will write; `settle` brings the numbers home. */
  write(a: Matrix): Matrix;
  settle(): void;
}

export function loan(): Loan {
  const owed: { home: Matrix; copy: Matrix }[] = [];
  const lend = (a: Matrix): Matrix => {
    if (!sharing || a.data.buffer instanceof SharedArrayBuffer) return a;
    const known = owed.find(({ home }) => home.data === a.data);
    if (known) return known.copy;
    const copy = allocateShared(a.rows, a.cols, precisionOf(a));
    copy.data.set(a.data);
    return copy;
  };
  return {
    read: lend,
    write(a) {
      const copy = lend(a);
      if (copy !== a) owed.push({ home: a, copy });
      return copy;
    },
    settle() {
      for (const { home, copy } of owed) home.data.set(copy.data);
    },
  };
}
