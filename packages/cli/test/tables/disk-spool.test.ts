import { open, readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { InputError } from "lineament";
import { describe, expect, test } from "vitest";
import { assertSpace, DiskSpool } from "../../src/tables/index.ts";
import { testFolder } from "./files.ts";

const files = testFolder();
const folder = () => dirname(files.path("x"));
const bytes = (size: number) => Uint8Array.from({ length: size }, (_, i) => i % 251);

describe("a spool on disk", () => {
  test("gives back what was written, from anywhere, and has no name", async () => {
    await using spool = await DiskSpool.create(folder());
    expect(await readdir(folder())).toEqual([]);
    await spool.write(bytes(1000));
    await spool.write(bytes(500));
    const read = new Uint8Array(600);
    await spool.read(read, 900);
    expect(read).toEqual(Uint8Array.from([...bytes(1000).slice(900), ...bytes(500)]));
  });

  test("says when the disk is full", async () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    const file = await open(files.path("full"), "wx+");
    await using spool = new DiskSpool(
      {
        write: () => Promise.reject(full),
        read: file.read.bind(file),
        close: file.close.bind(file),
      },
      "/data",
    );
    await expect(spool.write(bytes(10))).rejects.toThrow(
      new InputError(
        "rows cannot be kept in /data: the disk is full; set TMPDIR to another folder, or allow more memory",
      ),
    );
  });

  test("writes on where the system takes a part only", async () => {
    const file = await open(files.path("slow"), "wx+");
    await using spool = new DiskSpool({
      write: ((data: Uint8Array, offset: number, length: number) =>
        file.write(data, offset, Math.min(7, length))) as typeof file.write,
      read: file.read.bind(file),
      close: file.close.bind(file),
    });
    await spool.write(bytes(100));
    const read = new Uint8Array(100);
    await spool.read(read, 0);
    expect(read).toEqual(bytes(100));
  });

  test("says when its file was cut off or cannot be read", async () => {
    const file = await open(files.path("cut"), "wx+");
    await using spool = new DiskSpool(file, "/data");
    await spool.write(bytes(100));
    await file.truncate(50);
    await expect(spool.read(new Uint8Array(100), 0)).rejects.toThrow(
      new InputError("rows that were kept in /data are gone: the file was cut off"),
    );
    const broken = new DiskSpool(
      {
        write: file.write.bind(file),
        read: () => Promise.reject(Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" })),
        close: () => Promise.resolve(),
      },
      "/data",
    );
    await expect(broken.read(new Uint8Array(1), 0)).rejects.toThrow(
      new InputError("rows that were kept in /data cannot be read: EIO: i/o error, read"),
    );
  });

  test("is refused where there is no room, and where there is no folder", async () => {
    expect(() => assertSpace(1e30, folder())).toThrow(
      /of rows must be kept on disk, and .* free; set TMPDIR/u,
    );
    expect(() => assertSpace(1, folder())).not.toThrow();
    await expect(DiskSpool.create(files.path("nowhere"))).rejects.toThrow("the folder is gone");
  });
});
