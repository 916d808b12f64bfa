// Advance widths of Helvetica in thousandths of the font size, from the space to the tilde.
const widths = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
  556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
  500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
  556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
  278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/**
 * About how wide a text is in pixels, in the sans-serif font of whatever machine opens the page. Vega guesses 0.8 of the font
 * size a character when it has no screen, which leaves wide gaps beside the axes.
 */
export function textWidth(text: string, fontSize: number): number {
  let sum = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    sum += widths[code - 32] ?? (code >= 0x2e80 ? 1000 : 600);
  }
  return (1.15 * sum * fontSize) / 1000;
}
