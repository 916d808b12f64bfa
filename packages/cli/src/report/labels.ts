/**
 * Names as labels of a picture: long ones are cut in the middle, and stay different from each other. The whole name goes
 * where there is room: in tables and pointer notes.
 */
export function labels(names: readonly string[], longest = 26): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const short = shorten(name, longest);
    // Vega stumbles over values such as "constructor", which every object has; an invisible character makes them others.
    const label = short in {} ? `\u2060${short}` : short;
    const times = (seen.get(label) ?? 0) + 1;
    seen.set(label, times);
    return times === 1 ? label : `${label} (${times})`;
  });
}

// Characters as people count them, so that none is cut in two.
const segments = new Intl.Segmenter("en");

/** At most so many characters, cut in the middle; line ends and control characters become blanks. */
export function shorten(name: string, longest = 26): string {
  const plain = name.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}\s]+/gu, " ").trim();
  const characters = Array.from(
    segments.segment(plain === "" ? (name === "" ? "(no name)" : "(blank)") : plain),
    ({ segment }) => segment,
  );
  if (characters.length <= longest) return characters.join("");
  const head = Math.ceil((longest - 1) * 0.6);
  return `${characters.slice(0, head).join("").trimEnd()}…${characters
    .slice(characters.length - (longest - 1 - head))
    .join("")
    .trimStart()}`;
}
