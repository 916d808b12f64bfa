/** A picture as data: a Vega-Lite specification with a name (unique in its claim) and what is to be seen. */
export interface Figure {
  /** In kebab-case: part of the file name. */
  readonly name: string;
  readonly title: string;
  /** What is to be seen, for a reader of the gallery; TeX between dollar signs. */
  readonly caption: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** An axis. Its title carries the unit. A power law wants logarithmic axes. */
export interface Axis {
  readonly title: string;
  readonly scale?: "linear" | "log";
  readonly domain?: readonly [number, number];
}

/**
 * A family of points. Predictions are lines, measurements are marks, bounds are dashed lines: told apart without color.
 * `error` draws a bar of y ± error.
 */
export interface Series {
  readonly label: string;
  readonly role: "prediction" | "measurement" | "bound";
  readonly points: readonly { readonly x: number; readonly y: number; readonly error?: number | undefined }[];
}
