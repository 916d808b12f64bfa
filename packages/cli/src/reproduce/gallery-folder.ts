import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Claim, ClaimResult } from "@lineament/claims";
import { InputError } from "lineament";
import { assertWritable, writeWhole } from "../tables/index.ts";
import { claimRecord } from "./claim-record.ts";
import { drawFigure, onPaper, png } from "./draw-figure.ts";
import { type Exhibit, renderGallery } from "./render-gallery.ts";

/** Files of a claim and its figures, and the page that shows them all. Each is written whole or not at all. */
export interface GalleryFolder {
  readonly page: string;
  /** Paths of a figure's files. */
  files(claim: Claim, figure: string): { readonly svg: string; readonly png: string };
  /** Draws the figures of a claim and writes them, and its numbers. */
  add(claim: Claim, result: ClaimResult): Promise<Exhibit["drawings"]>;
  /** Writes the page. */
  finish(exhibits: readonly Exhibit[], unfinished: readonly Claim[]): Promise<void>;
}

/** Makes the folder where it is not there. @throws InputError when it cannot be written to */
export async function galleryFolder(path: string): Promise<GalleryFolder> {
  const there = await stat(path).catch(() => undefined);
  if (there && !there.isDirectory()) throw new InputError(`${path} is not a folder; name a folder for --out`);
  await makeFolder(resolve(path)).catch((error: unknown) => {
    throw new InputError(`${path} cannot be made: ${error instanceof Error ? error.message : String(error)}`);
  });
  const page = join(path, "index.html");
  await assertWritable(page);
  const write = (file: string, content: string | Uint8Array): Promise<void> =>
    writeWhole(file, (temporary) => writeFile(temporary, content));
  const files: GalleryFolder["files"] = ({ code }, figure) => ({
    svg: join(path, `${code}-${figure}.svg`),
    png: join(path, `${code}-${figure}.png`),
  });
  return {
    page,
    files,
    async add(claim, result) {
      const drawings = new Map<string, string>();
      for (const figure of result.figures) {
        const drawing = await drawFigure(figure);
        const { svg, png: picture } = files(claim, figure.name);
        await write(svg, onPaper(drawing));
        await write(picture, png(onPaper(drawing)));
        drawings.set(figure.name, drawing);
      }
      const record = claimRecord(result, (figure) => files(claim, figure));
      await write(join(path, `${claim.code}.json`), `${JSON.stringify(record, null, 2)}\n`);
      return drawings;
    },
    finish: (exhibits, unfinished) => write(page, renderGallery(exhibits, unfinished)),
  };
}

/** One folder after the other: Node's recursive `mkdir` never returns where a folder can be looked at but not made (/proc). */
async function makeFolder(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  await mkdir(path);
}
