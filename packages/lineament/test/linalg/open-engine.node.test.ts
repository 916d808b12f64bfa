import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, expect, test, vi } from "vitest";
import { openBlas } from "../../src/linalg/native/blas.ts";
import { openEngine } from "../../src/linalg/open-engine.ts";
import { openPool } from "../../src/linalg/wasm/pool.ts";
import { whole } from "../../src/linalg/block.ts";
import { matrix, zeros } from "../../src/linalg/matrix.ts";

afterEach(() => vi.unstubAllEnvs());

test("an engine is opened by name, and LINEAMENT_ENGINE overrides", async () => {
  const wasm = await openEngine({ engine: "wasm", threads: 1 });
  expect([wasm.name, wasm.threads]).toEqual(["wasm", 1]);
  await wasm.close();
  vi.stubEnv("LINEAMENT_ENGINE", "plain");
  expect((await openEngine({ engine: "wasm" })).name).toBe("plain");
  vi.stubEnv("LINEAMENT_ENGINE", "abacus");
  await expect(openEngine()).rejects.toThrow("abacus is not one of native, wasm, plain, auto");
});

test("a BLAS that was asked for and is not there is an error that names it", async () => {
  vi.stubEnv("LINEAMENT_BLAS", "libnowhere.so");
  await expect(openEngine()).rejects.toThrow(/Install OpenBLAS[^]*libnowhere\.so/);
  await expect(openEngine({ engine: "native" })).rejects.toThrow("libnowhere.so");
});

test("threads must be a positive whole number", async () => {
  await expect(openEngine({ threads: 0 })).rejects.toThrow("threads: 0");
  vi.stubEnv("LINEAMENT_THREADS", "many");
  await expect(openEngine()).rejects.toThrow("threads: many");
});

test("an idle engine that nobody closed lets the process end", async () => {
  const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    const { openEngine } = await import(${module("../../src/linalg/open-engine.ts")});
    const engine = await openEngine({ threads: 2 });
    const a = engine.allocate(300, 300, "float32");
    await engine.kernelMatrix({ kernel: { family: "gaussian", bandwidth: 1 }, x: { coordinates: a }, out: engine.allocate(300, 300, "float32") });
    console.log(engine.name);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@lineament/source", "--input-type=module", "-e", script],
    {
      cwd: fileURLToPath(new URL(".", import.meta.url)),
      timeout: 20_000,
    },
  );
  expect(stdout.trim()).toMatch(/native|wasm/);
});

test("an error in a worker thread rejects the call with its message, and the pool goes on", async () => {
  const pool = await openPool({ threads: 2, inlineFlops: 0 });
  const [a, c] = [zeros(4, 4, "float32"), matrix(new Float32Array(new SharedArrayBuffer(64)), 4, 4)];
  const job = {
    kind: "gemm",
    a,
    b: a,
    c,
    transposeA: false,
    transposeB: false,
    alpha: 1,
    beta: 0,
    symmetric: false,
    threads: 2,
  } as const;
  const broken = { ...job, c: { ...c, data: new Float32Array(new SharedArrayBuffer(4)) } };
  await expect(pool.run(broken, Infinity)).rejects.toThrow("out of bounds");
  await pool.run(job, Infinity);
  pool.close();
});

test.skipIf(!hasBlas())(
  "the BLAS wrapper refuses what would read beyond the arrays, and takes shared memory",
  async () => {
    const blas = openBlas();
    const a = zeros(3, 3, "float32");
    expect(() => blas.now.gemm({ ...whole(a), rows: 4 }, whole(a), whole(a))).toThrow(RangeError);
    expect(() => blas.now.gemm({ ...whole(a), offset: 1 }, whole(a), whole(a))).toThrow(
      "does not fit 9 numbers",
    );
    expect(() => blas.now.gemm(whole(a), whole(zeros(3, 3)), whole(a))).toThrow(TypeError);
    const shared = matrix(new Float32Array(new SharedArrayBuffer(36)).fill(2), 3, 3);
    await blas.later.gemm(whole(shared), whole(shared), whole(a));
    expect([...a.data]).toEqual(Array.from({ length: 9 }, () => 12));
  },
);

test.skipIf(!hasBlas())("potrf and potrs solve a positive definite system", async () => {
  const blas = openBlas();
  const a = matrix(Float64Array.of(4, 2, 2, 3), 2, 2);
  const b = matrix(Float64Array.of(8, 7), 2, 1);
  expect(await blas.potrf(whole(a))).toBe(0);
  await blas.potrs(whole(a), whole(b));
  expect(b.data[0]).toBeCloseTo(1.25, 14);
  expect(b.data[1]).toBeCloseTo(1.5, 14);
});

function hasBlas(): boolean {
  try {
    return openBlas().path !== "";
  } catch {
    return false;
  }
}
