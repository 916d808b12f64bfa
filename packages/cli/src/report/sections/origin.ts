import { type Content, markup, type Markup } from "../markup.ts";
import { card, more, section } from "../page/card.ts";
import { table } from "../page/table.ts";
import { countOf, formatBytes, formatCount, formatDate, formatSeconds, formatShare } from "../numbers.ts";
import type { ReportData } from "../report-data.ts";

/** The columns of the table. */
export function columnsSection(data: ReportData): Markup | undefined {
  const { columns, rows, notices = [] } = data;
  const all = rows.train;
  const list = table(
    columns,
    [
      { title: "column", kind: "name", cell: ({ name }) => name },
      { title: "read as", cell: ({ kind }) => kind },
      { title: "used", cell: ({ used }) => (used ? "yes" : "no") },
      {
        title: "missing",
        numeric: true,
        cell: ({ missing }) =>
          missing === 0
            ? "0"
            : `${formatCount(missing)} (${formatShare(all > 0 ? Math.min(1, missing / all) : undefined)})`,
        value: ({ missing }) => missing,
      },
      ...(columns.some(({ distinct }) => distinct !== undefined)
        ? [
            {
              title: "distinct",
              numeric: true,
              cell: ({ distinct }: { distinct?: number | undefined }) => formatCount(distinct),
              value: ({ distinct }: { distinct?: number | undefined }) => distinct,
            },
          ]
        : []),
      {
        title: "why",
        kind: "words",
        cell: ({ reason, notice }) =>
          notice === undefined ? reason : markup`${reason} <strong>${notice}</strong>`,
      },
    ],
    { sortable: true, kind: ({ used }) => (used ? undefined : "unused") },
  );
  const kinds = [
    ...new Map(columns.map(({ kind }) => [kind, columns.filter((column) => column.kind === kind).length])),
  ];
  const counted = kinds.map(([kind, count]) => `${formatCount(count)} as ${kind}`).join(", ");
  return section("table", "What it was given", undefined, [
    notices.length > 0
      ? card(
          "Notices",
          undefined,
          markup`<ul class="notices">
            ${notices.map((notice) => markup`<li>${notice}</li>`)}
          </ul>`,
          { wide: true },
        )
      : undefined,
    columns.length === 0
      ? undefined
      : card(
          countOf(columns.length, "column"),
          `How each column was read from ${countOf(rows.train, "training row")}: ${counted}.${rows.withoutTarget ? ` ${countOf(rows.withoutTarget, "row")} without a target ${rows.withoutTarget === 1 ? "was" : "were"} left out.` : ""}`,
          columns.length > 40 ? more("All columns", list) : list,
          { wide: true },
        ),
  ]);
}

/** Where the model comes from, so that it can be made again. */
export function origin({ provenance }: ReportData): Markup | undefined {
  const {
    data,
    model,
    version,
    engine,
    blas,
    threads,
    runtime,
    seed,
    settings,
    seconds,
    peakBytes,
    date,
    command,
  } = provenance;
  const lines: readonly (readonly [string, Content] | undefined)[] = [
    command === undefined ? undefined : ["command", markup`<code>${command}</code>`],
    ...data.flatMap(({ file, sha256, rows, bytes }) => [
      [
        "data",
        `${file}${[
          rows === undefined ? "" : countOf(rows, "row"),
          bytes === undefined ? "" : formatBytes(bytes),
        ]
          .filter(Boolean)
          .map((x) => ` · ${x}`)
          .join("")}`,
      ] as const,
      ["SHA-256 of it", markup`<code>${sha256}</code>`] as const,
    ]),
    model === undefined
      ? undefined
      : ["model", `${model.file}${model.bytes === undefined ? "" : ` · ${formatBytes(model.bytes)}`}`],
    model?.sha256 === undefined ? undefined : ["SHA-256 of it", markup`<code>${model.sha256}</code>`],
    ["made by", `Lineament ${version}${runtime === undefined ? "" : ` · ${runtime}`}`],
    [
      "engine",
      `${engine}${blas === undefined ? "" : ` · ${blas}`}${threads === undefined ? "" : ` · ${countOf(threads, "thread")}`}`,
    ],
    ["seed", String(seed)],
    ...settings.map(({ name, value }) => [name, value] as const),
    [
      "took",
      `${formatSeconds(seconds)}${peakBytes === undefined ? "" : ` · at most ${formatBytes(peakBytes)} of memory`}`,
    ],
    ["made on", formatDate(date)],
  ];
  return section(
    "origin",
    "Where it comes from",
    "With the same data, version, settings and seed, the fit gives the same model.",
    [
      markup`<div class="card wide">
        <dl class="record">
          ${lines.map(
            (line) =>
              line &&
              markup`<dt>${line[0]}</dt>
                <dd>${line[1]}</dd>`,
          )}
        </dl>
      </div>`,
    ],
  );
}
