import { random } from "lineament";

/** A small table that can be learned: price = size · quality + noise, and whether it was sold. */
export function houses(rows = 40, seed = 0): string {
  const generator = random(seed);
  const lines = ["size,quality,district,price,sold,part"];
  for (let i = 0; i < rows; i++) {
    const size = 1 + generator.uniform();
    const quality = generator.uniform();
    const district = ["north", "south", "west"][i % 3]!;
    const price = 100 * size * quality + (district === "south" ? 20 : 0) + generator.normal();
    lines.push(
      [
        size.toFixed(3),
        quality.toFixed(3),
        district,
        price.toFixed(2),
        price > 90 ? "yes" : "no",
        i % 4 === 3 ? "test" : "train",
      ].join(","),
    );
  }
  return `${lines.join("\n")}\n`;
}

/** Flags of a fit that takes a fraction of a second. */
export const swift = ["--metric", "none", "--no-baselines", "--no-report"] as const;
