import type { Writable } from "node:stream";
import { styleText } from "node:util";
import Table from "cli-table3";

/** A stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan";

export interface ScreenOptions {
  readonly stdout: Output;
  readonly stderr: Output;
  /** stdout carries one JSON document and nothing else. */
  readonly json: boolean;
}

/**
 * Where a command speaks: results on stdout, everything else on stderr. Progress is one line that changes on a terminal
 * and a few plain lines elsewhere. NO_COLOR and FORCE_COLOR are obeyed.
 */
export class Screen {
  readonly json: boolean;
  readonly #stdout: Output;
  readonly #stderr: Output;
  #line = "";
  #shown = { at: -Infinity, fraction: -1, stage: "" };
  readonly #started = performance.now();

  constructor({ stdout, stderr, json }: ScreenOptions) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.json = json;
  }

  /** A line of the result; nothing when a JSON document is asked for. */
  print(text = ""): void {
    if (this.json) return;
    this.#clear();
    this.#stdout.write(`${text}\n`);
  }

  /** The document of the command, on stdout. */
  document(value: unknown): void {
    this.#clear();
    this.#stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** Raw text on stdout, such as a table of predictions. */
  write(text: string): void {
    this.#clear();
    this.#stdout.write(text);
  }

  /** Something worth knowing on the way, on stderr. */
  note(text = ""): void {
    this.#clear();
    this.#stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    this.note(`${this.style("yellow", "note:", this.#stderr)} ${text}`);
  }

  error(text: string): void {
    this.note(`${this.style("red", "error:", this.#stderr)} ${text}`);
  }

  /** Where the work is. On a terminal every call is shown; elsewhere each stage, and a line about every ten seconds. */
  progress(stage: string, fraction: number, message: string): void {
    const now = performance.now();
    if (this.#stderr.isTTY) {
      if (now - this.#shown.at < 80 && stage === this.#shown.stage) return;
      const width = 24;
      const filled = Math.round(width * Math.min(1, fraction));
      const bar = "━".repeat(filled) + this.style("dim", "━".repeat(width - filled), this.#stderr);
      const seconds = `${((now - this.#started) / 1000).toFixed(0)} s`;
      const room = Math.max(10, (this.#stderr.columns ?? 80) - width - seconds.length - 10);
      const text = message.length > room ? `${message.slice(0, room - 1)}…` : message;
      this.#line = ` ${bar} ${String(Math.round(100 * fraction)).padStart(3)}% ${seconds}  ${text}`;
      this.#stderr.write(`\r\u001B[2K${this.#line}`);
    } else {
      // Short work says nothing.
      if (now - this.#started < 2000 || (stage === this.#shown.stage && now - this.#shown.at < 10_000))
        return;
      const seconds = ((now - this.#started) / 1000).toFixed(0).padStart(4);
      this.#stderr.write(`${String(Math.round(100 * fraction)).padStart(3)}% ${seconds} s  ${message}\n`);
    }
    this.#shown = { at: now, fraction, stage };
  }

  /** Ends the line of progress. */
  done(): void {
    this.#clear();
  }

  style(style: Style | readonly Style[], text: string, stream: Output = this.#stdout): string {
    return styleText(style as Style, text, { stream });
  }

  /** A table of texts with a header; numbers are aligned right. */
  table(
    head: readonly string[],
    rows: readonly (readonly string[])[],
    { right = [] as readonly number[] } = {},
  ): string {
    const table = new Table({
      head: head.map((text) => this.style("bold", text)),
      colAligns: head.map((_, j) => (right.includes(j) ? "right" : "left")),
      style: { head: [], border: [], compact: true, "padding-left": 1, "padding-right": 1 },
      chars: plainBorders,
    });
    table.push(...rows.map((row) => [...row]));
    return table
      .toString()
      .split("\n")
      .map((line) => line.trimEnd())
      .join("\n");
  }

  #clear(): void {
    if (this.#line === "") return;
    this.#stderr.write("\r\u001B[2K");
    this.#line = "";
  }
}

/** A rule under the header and nothing else. */
const plainBorders = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
};
