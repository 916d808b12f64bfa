import type { ScoreName } from "./report-data.ts";

/** Shown where there is no number. */
export const noNumber = "–";

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/**
 * A number with about `digits` significant digits, as people write it: 0.0123, 12,300, 1.23 × 10⁻⁷.
 * Whole numbers below a million keep all their digits.
 */
export function formatNumber(x: number | undefined, digits = 3): string {
  if (x === undefined || !Number.isFinite(x)) return noNumber;
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size < 1e-4 || size >= 1e12) return scientific(x, digits);
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return fixed(x, Number.isInteger(x) ? 0 : Math.min(decimals, 8))
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
}

// Making a formatter takes longer than a thousand uses of it.
const formatters = new Map<number, Intl.NumberFormat>();

/** With exactly so many decimals. */
export function fixed(x: number | undefined, decimals: number): string {
  if (x === undefined || !Number.isFinite(x)) return noNumber;
  let formatter = formatters.get(decimals);
  if (!formatter) {
    formatter = new Intl.NumberFormat("en-US", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    formatters.set(decimals, formatter);
  }
  const text = formatter.format(Math.abs(x));
  return (x < 0 && /[1-9]/.test(text) ? "−" : "") + text;
}

function scientific(x: number, digits: number): string {
  const [mantissa, exponent] = Math.abs(x)
    .toExponential(digits - 1)
    .split("e") as [string, string];
  const power = Array.from(exponent.replace("+", ""))
    .map((c) => (c === "-" ? "⁻" : superscripts[Number(c)]))
    .join("");
  return `${x < 0 ? "−" : ""}${mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa} × 10${power}`;
}

/** A share of 1 as percent: 94.1%, 0.3%, <0.1%, 100%. */
export function formatShare(x: number | undefined, decimals = 1): string {
  if (x === undefined || !Number.isFinite(x)) return noNumber;
  const smallest = 10 ** -decimals;
  if (x > 0 && 100 * x < smallest / 2) return `<${smallest}%`;
  if (x < 1 && 100 * x > 100 - smallest / 2) return `>${fixed(100 - smallest, decimals)}%`;
  return `${fixed(100 * x, x === 0 || x === 1 ? 0 : decimals)}%`;
}

export function formatCount(n: number | undefined): string {
  return fixed(n, 0);
}

/** "1 row", "1,200 rows". */
export function countOf(n: number, one: string, many = `${one}s`): string {
  return `${formatCount(n)} ${n === 1 ? one : many}`;
}

/** "0.4 s", "12 s", "3 min 5 s". */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return noNumber;
  if (seconds < 9.95) return `${fixed(seconds, 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 100) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 100
    ? `${minutes} min ${whole % 60} s`
    : `${formatCount(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/** "820 bytes", "1.4 MB". */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return noNumber;
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${formatNumber(bytes / 1000 ** power, 3)} ${units[power]!}`;
}

/** "22 November 2026, 05:31 UTC" from an ISO date; other text stays as it is. */
export function formatDate(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const day = date.toLocaleDateString("en-US", {
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });
  return iso.includes("T") ? `${day}, ${date.toISOString().slice(11, 16)} UTC` : day;
}

/** "a", "a and b", "a, b and c". */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)!}`;
}

/** How each score is called, which way is better, and what it means. */
export const scoreWords: Readonly<
  Record<ScoreName, { readonly label: string; readonly better: "higher" | "lower"; readonly meaning: string }>
> = {
  r2: {
    label: "R²",
    better: "higher",
    meaning: "share of the target’s variance that is explained; 1 is perfect, 0 is no better than the mean",
  },
  rmse: {
    label: "RMSE",
    better: "lower",
    meaning: "typical error, with large errors counting more, in units of the target",
  },
  mae: { label: "MAE", better: "lower", meaning: "average size of an error, in units of the target" },
  accuracy: { label: "Accuracy", better: "higher", meaning: "share of rows whose class is named correctly" },
  logLoss: {
    label: "Log loss",
    better: "lower",
    meaning: "quality of the probabilities: confident mistakes cost most; 0 is perfect",
  },
  brier: {
    label: "Brier",
    better: "lower",
    meaning: "mean squared error of the probabilities; 0 is perfect",
  },
  auc: {
    label: "AUC",
    better: "higher",
    meaning: "chance that a row of a class is ranked above a row of another; 0.5 is guessing",
  },
  f1: { label: "F1", better: "higher", meaning: "balance of precision and recall; 1 is perfect" },
};

/** Scores of one kind with as many decimals as tell them apart, the same for all. */
export function formatScores(name: ScoreName, values: readonly (number | undefined)[]): string[] {
  const finite = values.filter((x) => x !== undefined && Number.isFinite(x)) as number[];
  if (name === "accuracy") {
    const decimals = finite.some((x) => x > 0.99 && x < 1) ? 2 : 1;
    return values.map((x) =>
      x === undefined || !Number.isFinite(x) ? noNumber : `${fixed(100 * x, decimals)}%`,
    );
  }
  if (name === "r2" || name === "auc" || name === "f1") {
    const decimals = finite.some((x) => x > 0.99 && x < 1) ? 4 : 3;
    return values.map((x) => (x !== undefined && Math.abs(x) >= 1e4 ? formatNumber(x) : fixed(x, decimals)));
  }
  return formatAlike(values);
}

/** Numbers of one kind with the same decimals, so many that the smallest keeps `digits` significant digits. */
export function formatAlike(values: readonly (number | undefined)[], digits = 3): string[] {
  const sizes = values
    .filter((x): x is number => x !== undefined && Number.isFinite(x) && x !== 0)
    .map(Math.abs);
  const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];
  if (sizes.length === 0 || smallest < 1e-4 || largest >= 1e9 || largest / smallest > 1e5)
    return values.map((x) => formatNumber(x, digits));
  const decimals = Math.max(0, Math.min(6, digits - 1 - Math.floor(Math.log10(smallest))));
  return values.map((x) => fixed(x, decimals));
}
