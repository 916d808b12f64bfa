import { lineamentVersion } from "lineament";
import { type Content, markup, type Markup } from "../../packages/cli/src/report/markup.ts";
import {
  countOf,
  formatBytes,
  formatCount,
  formatDate,
  formatNumber,
  formatShare,
  listed,
  noNumber,
} from "../../packages/cli/src/report/numbers.ts";
import { card, frame, more } from "../../packages/cli/src/report/page/card.ts";
import { page } from "../../packages/cli/src/report/page/page.ts";
import { table } from "../../packages/cli/src/report/page/table.ts";
import { picture } from "../../packages/cli/src/report/picture.ts";
import { type Benchmark, sizeName, sizesOf, type Sweep } from "./benchmark.ts";
import { benchmarks } from "./benchmarks.ts";
import { type Course, drawing, memoryCourses, slopeOf, timeCourses, withPrefix } from "./drawing.ts";
import type { Report, Result } from "./report.ts";
import { type Verdict, verdicts } from "./requirements.ts";

/** The report as one HTML file that loads nothing. */
export async function renderPage(report: Report): Promise<string> {
  const shown = benchmarks.filter(({ id }) => report.results.some(({ benchmark }) => benchmark === id));
  const sections: Markup[] = [];
  for (const benchmark of shown) sections.push(await benchmarkSection(benchmark, report));
  return page({
    title: "Benchmarks · Lineament",
    maker: "Lineament benchmarks",
    version: lineamentVersion,
    main: markup`<h1>Time and memory</h1>
<p class="facts">${[report.processor, countOf(report.processors, "processor"), formatBytes(report.memoryBytes), formatDate(report.date)].map((fact) => markup`<span>${fact}</span>`)}</p>
<p class="lead">${lead(report)}</p>
<dl class="tiles">
${tile("Matrix product, float32", withPrefix(report.limits.gemm.float32, "flop/s"))}
${tile("Matrix product, float64", withPrefix(report.limits.gemm.float64, "flop/s"))}
${tile("Memory, read and written", withPrefix(report.limits.bandwidth, "B/s"))}
</dl>
${failures(report)}
<nav aria-label="Contents"><ul>${shown.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
${requirements(report)}
${sections}`,
    data: { file: "bench.json", value: report },
  });
}

function lead({ lineament, quick, load, missing, versions, engine }: Report): string {
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const sentences = [
    "Medians of runs that take turns; every contestant has a process of its own and makes its own data.",
    `Lineament ${lineament} with ${engine}, beside ${peers.length === 0 ? "nobody" : listed(peers)}.`,
    "Slopes are those of straight lines through all places of a series; a limit twenty times below what was measured is not drawn.",
    ...(missing.length === 0 ? [] : [`Not there: ${listed(missing)}.`]),
    ...(load > 0.5
      ? [`The machine was busy when the run began (load ${load.toFixed(1)}): read no time on its own.`]
      : []),
    ...(quick ? ["This was a quick run at small sizes."] : []),
  ];
  return sentences.join(" ");
}

function tile(name: string, value: string): Markup {
  return markup`<div class="tile"><dt>${name}</dt><dd>${value}</dd></div>`;
}

function failures({ failures }: Report): Content {
  if (failures.length === 0) return undefined;
  return markup`<div class="warnings"><h2>Not finished</h2><ul>${failures.map(
    ({ benchmark, contestant, size, why }) =>
      markup`<li>${benchmark}, ${contestant}, ${sizeName(size)}: ${why}</li>`,
  )}</ul></div>`;
}

function requirements(report: Report): Content {
  const all = verdicts(report).filter(({ value }) => value !== undefined);
  if (all.length === 0) return undefined;
  return markup`<section id="required" aria-labelledby="required-title">
    <h2 id="required-title">What must be reached</h2>
    <div class="cards">${card(
      "Requirements that this run measured",
      undefined,
      table(all, [
        { title: "what", kind: "words", cell: ({ what }) => what },
        { title: "required", numeric: true, cell: ({ required, unit }) => withUnit(required, unit) },
        {
          title: "measured",
          numeric: true,
          cell: ({ value, unit }) => withUnit(formatNumber(value, 3), unit),
        },
        {
          title: "",
          cell: ({ reached }) =>
            markup`<span class="verdict ${reached ? "" : "does-not-hold"}">${reached ? "✔ reached" : "✘ missed"}</span>`,
        },
      ]),
      { wide: true },
    )}</div>
  </section>`;
}

function withUnit(value: string, unit: Verdict["unit"]): string {
  return unit === "R²" ? value : `${value} ${unit}`;
}

async function benchmarkSection(benchmark: Benchmark, report: Report): Promise<Markup> {
  const results = report.results.filter(({ benchmark: id }) => id === benchmark.id);
  const sweeps = report.quick ? benchmark.quick : benchmark.sweeps;
  const cards: Content[] = [];
  for (const [at, sweep] of sweeps.entries()) {
    const held = Object.entries(sweep.at).map(([name, value]) => `${name} = ${formatCount(value)}`);
    const place = held.length === 0 ? "" : `, ${held.join(", ")}`;
    const draw = async (
      kind: "time" | "memory",
      courses: readonly Course[],
      reading: string,
    ): Promise<Content> => {
      const figure = drawing(courses, sweep.along, kind === "time" ? "s" : "B");
      if (!figure) return undefined;
      const title = `${kind === "time" ? "Time" : "Memory"} against ${sweep.along}${place}`;
      return card(
        title,
        reading,
        frame(await picture(figure, `${benchmark.id}-${at}-${kind}`, words(title, courses))),
      );
    };
    cards.push(
      await draw("time", timeCourses(benchmark, sweep, results, report.limits), timeReading(benchmark)),
      await draw(
        "memory",
        memoryCourses(benchmark, sweep, results),
        `The process’s peak above its size without data.${benchmark.storage ? " Dashed: the data and the result." : ""}`,
      ),
    );
  }
  return markup`<section id="${benchmark.id}" aria-labelledby="${benchmark.id}-title">
    <h2 id="${benchmark.id}-title">${benchmark.title}</h2>
    <p>${benchmark.what}.</p>
    <div class="cards">${cards}${card("Numbers", undefined, more(countOf(results.length, "measurement"), numbers(benchmark, sweeps, results)), { wide: true })}</div>
  </section>`;
}

function timeReading({ flops, traffic }: Benchmark): string {
  const lines = [
    ...(flops ? [" Dashed: its flops at the rate of a matrix product."] : []),
    ...(traffic ? [" Dotted: what it must read and write, at the memory’s rate."] : []),
  ];
  return `Seconds of one run.${lines.join("")}`;
}

function words(title: string, courses: readonly Course[]): string {
  const slopes = courses.flatMap((course) => {
    const slope = slopeOf(course);
    return slope === undefined ? [] : [`${course.label} ${slope.toFixed(2)}`];
  });
  return `${title}. Slopes: ${slopes.join(", ")}`;
}

function numbers(benchmark: Benchmark, sweeps: readonly Sweep[], results: readonly Result[]): Markup {
  const order = sizesOf(sweeps).map(sizeName);
  const sorted = results.toSorted(
    (a, b) => order.indexOf(sizeName(a.size)) - order.indexOf(sizeName(b.size)),
  );
  const has = (key: keyof Result): boolean => results.some((result) => result[key] !== undefined);
  return table(
    sorted,
    [
      { title: "size", cell: ({ size }) => sizeName(size) },
      { title: "by", cell: ({ contestant }) => contestant },
      {
        title: "time",
        numeric: true,
        cell: ({ seconds }) => withPrefix(seconds, "s"),
        value: ({ seconds }) => seconds,
      },
      { title: "runs", numeric: true, cell: ({ runs }) => formatCount(runs.length) },
      ...(has("flops")
        ? [
            {
              title: "rate",
              numeric: true,
              cell: ({ flops, seconds }: Result) =>
                flops === undefined ? noNumber : withPrefix(flops / seconds, "flop/s"),
            },
            { title: "of gemm", numeric: true, cell: ({ gemmShare }: Result) => formatShare(gemmShare, 0) },
          ]
        : []),
      ...(has("countPerSecond")
        ? [
            {
              title: `${benchmark.count!.of}/s`,
              numeric: true,
              cell: ({ countPerSecond }: Result) => rounded(countPerSecond),
            },
          ]
        : []),
      ...(has("score")
        ? [{ title: "R²", numeric: true, cell: ({ score }: Result) => formatNumber(score, 4) }]
        : []),
      ...(has("predictionsPerSecond")
        ? [
            {
              title: "predictions/s",
              numeric: true,
              cell: ({ predictionsPerSecond }: Result) => rounded(predictionsPerSecond),
            },
          ]
        : []),
      { title: "peak", numeric: true, cell: ({ peakBytes }) => formatBytes(peakBytes) },
      {
        title: "above base",
        numeric: true,
        cell: ({ peakBytes, baseBytes }) => formatBytes(Math.max(0, peakBytes - baseBytes)),
      },
    ],
    { sortable: true },
  );
}

function rounded(rate: number | undefined): string {
  return rate === undefined ? noNumber : formatCount(Number(rate.toPrecision(3)));
}
