import { type Matrix, takeRows, zeros } from "lineament";

/** Images with one label each. */
export interface ImageSet {
  /** One image a row, pixel after pixel, from 0 to 1. */
  readonly x: Matrix<Float64Array>;
  readonly labels: Int32Array;
}

/** Images for training and others for tests. */
export interface SplitImages {
  readonly train: ImageSet;
  readonly test: ImageSet;
}

/** 1295 handwritten digits of 8 × 8 pixels for training and 502 for tests; source and license stand where they are kept. */
export async function digits(): Promise<SplitImages> {
  const { digitImages } = await import("./digit-images.ts");
  const read = (text: string): ImageSet => decode(text, 64, (letter) => [Number.parseInt(letter, 17) / 16]);
  return { train: read(digitImages.train), test: read(digitImages.test) };
}

/**
 * 800 T-shirts (label 0) and shirts (label 1) of 14 × 14 pixels for training and 397 for tests, from Fashion-MNIST; source and license
 * stand where they are kept.
 */
export async function shirts(): Promise<SplitImages> {
  const { shirtImages } = await import("./shirt-images.ts");
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const read = (text: string): ImageSet => {
    const { x, labels } = decode(text, 196, (letter) => {
      const code = alphabet.indexOf(letter);
      return [(code >> 3) / 7, (code & 7) / 7];
    });
    return { x, labels: labels.map((label) => (label === 0 ? 0 : 1)) };
  };
  return { train: read(shirtImages.train), test: read(shirtImages.test) };
}

/** The images with one of these labels, in their order. */
export function withLabels({ x, labels }: ImageSet, wanted: readonly number[]): ImageSet {
  const rows = Array.from(labels.keys()).filter((i) => wanted.includes(labels[i]!));
  return { x: takeRows(x, rows), labels: Int32Array.from(rows, (i) => labels[i]!) };
}

/** Lines of a label and letters of one or more pixels. */
function decode(text: string, pixels: number, pixelsOf: (letter: string) => readonly number[]): ImageSet {
  const lines = text.trim().split("\n");
  const x = zeros(lines.length, pixels);
  lines.forEach((line, i) => x.data.set(Array.from(line.slice(1), pixelsOf).flat(), i * pixels));
  return { x, labels: Int32Array.from(lines, (line) => Number(line[0])) };
}
