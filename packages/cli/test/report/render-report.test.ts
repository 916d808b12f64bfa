import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { type ReportData, renderReport } from "../../src/report/index.ts";
import { classReport, least, leastClasses, regressionReport } from "./example-data.ts";

const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(65 + i));

/** What a reader sees or hears: texts and descriptions, without style, script and data. */
function readable(page: string): string {
  const body = page.replace(/<(script|style)\b[\s\S]*?<\/\1>/g, " ");
  const described = [...body.matchAll(/(?:aria-label|data-note|title)="([^"]*)"/g)].map((match) => match[1]!);
  return [body.replace(/<[^>]*>/g, " "), ...described].join("\n");
}

const pages: readonly (readonly [string, ReportData])[] = [
  ["a full regression", regressionReport()],
  ["two classes", classReport(["bad", "good"])],
  ["26 classes", classReport(letters)],
  ["80 classes", classReport(Array.from({ length: 80 }, (_, i) => `class ${i}`))],
  ["one column", regressionReport({ names: ["only"] })],
  ["100 columns", regressionReport({ names: Array.from({ length: 100 }, (_, i) => `column ${i}`) })],
  ["huge numbers", regressionReport({ scale: 1e150 })],
  ["tiny numbers", regressionReport({ scale: 1e-150 })],
  ["the least regression", least],
  ["the least classification", leastClasses],
  ["several outputs", severalOutputs()],
];

describe.each(pages)("the report of %s", (_, data) => {
  let page = "";
  beforeAll(async () => {
    page = await renderReport(data);
  });

  test("says no NaN, undefined, null or Infinity", () => {
    expect(readable(page)).not.toMatch(/\bNaN\b|undefined|\bnull\b|Infinity|\[object/);
  });

  test("loads nothing", () => {
    expect(page).not.toMatch(/https?:|\/\/[a-z]|@import|<(?:img|iframe|object|embed|base)\b/);
    expect(page).not.toMatch(/\b(?:src|srcset|action|formaction|data|poster)=/);
    for (const [, target] of page.matchAll(/href="([^"]*)"/g)) expect(target).toMatch(/^#|^data:,$/);
    for (const [, target] of page.matchAll(/url\(([^)]*)\)/g)) expect(target).toMatch(/^#/);
  });

  test("has every id once, and every link leads to one", () => {
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]!);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = [...page.matchAll(/(?:href="|url\()#([^")]+)/g)].map((match) => match[1]!);
    for (const target of targets) expect(ids).toContain(target);
  });

  test("allows its own script and no other", () => {
    const script = /<script>([\s\S]*?)<\/script>/.exec(page)![1]!;
    const hash = createHash("sha256").update(script).digest("base64");
    expect(page).toContain(`script-src &#39;sha256-${hash}&#39;;`);
    expect(page.match(/<script\b/g)).toHaveLength(2);
    expect(page).not.toMatch(/<[^>]*\son\w+=/);
  });

  test("describes every picture in words", () => {
    for (const [picture] of page.matchAll(/<svg class="picture"[^>]*>/g))
      expect(picture).toMatch(/role="img" aria-label="[^"]{10,}"/);
  });
});

describe("hostile names", () => {
  const hostile = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)//",
    `"><img src=x onerror=alert(1)>`,
    "' onmouseover='alert(1)",
    "<!--",
    "]]>",
    "&lt;b&gt;",
    "a.b[0]['c']\\",
    "datum.share",
    "${1}{{2}}",
    "$&$1$`",
    "line\nend\ttab",
    "\u0000\u0007",
    "\ud800",
    "",
    " ",
    "x".repeat(5000),
    "constructor",
    "__proto__",
    "行列",
    "مرحبا",
  ];
  const names = [...hostile, "<script>alert(1)</script> again"];
  const data: ReportData = {
    ...regressionReport({ names }),
    title: hostile[0]!,
    target: hostile[1]!,
    unit: hostile[2]!,
    warnings: hostile,
    notices: hostile,
  };
  const classes: ReportData = { ...classReport(names), target: hostile[0]! };

  test.each([data, classes])("are text everywhere", async (report) => {
    const page = await renderReport(report);
    const tags = page.replace(/<script type="application\/json"[\s\S]*?<\/script>/, "");
    expect(tags.match(/<script\b/g)).toHaveLength(1);
    expect(page.match(/<script\b/gi)).toHaveLength(2);
    expect(page).not.toMatch(/<img|<!--|<[^>"]*(?:"[^"]*"[^>"]*)*\son\w+=/i);
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).toContain("&amp;lt;b&amp;gt;");
    // oxlint-disable-next-line no-control-regex
    expect(page).not.toMatch(/[\u0000-\u0008]/);
    expect(readable(page)).not.toMatch(/\bNaN\b|undefined/);
  });

  test("stay what they are in the embedded data", async () => {
    const page = await renderReport(data);
    const json = /<script type="application\/json" id="report-data">([\s\S]*?)<\/script>/.exec(page)![1]!;
    expect(json).not.toMatch(/[<>&]/);
    expect((JSON.parse(json) as ReportData).columns.map(({ name }) => name)).toEqual(names);
  });
});

describe("parts that a fit does not have", () => {
  const full = regressionReport();
  const whole = { full: renderReport(full), classes: renderReport(classReport(letters)) };
  const optional = Object.keys(full).filter((key) => !(key in least)) as (keyof ReportData)[];
  const classOnly = ["confusion", "reliability"] as const;

  test.each([...optional, ...classOnly])("the page does without %s", async (part) => {
    const { [part]: _, ...rest }: ReportData = part in full ? full : classReport(letters);
    const page = await renderReport(rest as ReportData);
    expect(readable(page)).not.toMatch(/\bNaN\b|undefined/);
    expect(page.length).toBeLessThan((await (part in full ? whole.full : whole.classes)).length);
  });

  test("empty lists are parts that are not there", async () => {
    const empty: ReportData = {
      ...least,
      scores: { validation: { rows: 5, model: {}, baselines: [] } },
      importances: { columns: [] },
      agop: { labels: [], values: [] },
      spectrum: { rounds: [] },
      validationCurve: { loss: "loss", candidates: [{ name: "a", losses: [] }] },
      predictions: [{ on: "validation", actual: [], predicted: [], of: 0 }],
      partialDependence: { columns: [] },
      interactions: { pairs: [] },
      intervals: { method: "m", on: "test", rows: 0, levels: [] },
      confusion: { on: "test", counts: [] },
      reliability: { on: "test", of: "p", bins: [] },
      warnings: [],
      notices: [],
    };
    const page = await renderReport(empty);
    expect(page).not.toContain('<svg class="picture"');
    expect(readable(page)).not.toMatch(/\bNaN\b|undefined|Infinity/);
  });

  test("numbers that are not finite are dashes or left out", async () => {
    const broken = JSON.parse(JSON.stringify(full), (_, value: unknown) =>
      typeof value === "number" && value > 0.9 && value < 45 ? NaN : value,
    ) as ReportData;
    expect(readable(await renderReport(broken))).not.toMatch(/\bNaN\b|undefined|Infinity/);
  });
});

describe("the page", () => {
  test("is a function of its data, also when several are made at once", async () => {
    const data = regressionReport();
    const [first, , third] = await Promise.all([
      renderReport(data),
      renderReport(classReport(letters)),
      renderReport(data),
    ]);
    expect(third).toBe(first);
    expect(await renderReport(data)).toBe(first);
  });

  test("stays small with 2,000 points", async () => {
    expect((await renderReport(regressionReport({ points: 2000 }))).length).toBeLessThan(700_000);
  });

  test("leads with the test rows, and with the validation rows where there are none", async () => {
    const data = regressionReport();
    expect(readable(await renderReport(data))).toContain("On 276 test rows that it never saw");
    const { validation } = data.scores;
    const untested = readable(await renderReport({ ...data, scores: { validation } }));
    expect(untested).toContain("On 754 validation rows");
    expect(untested).toContain("There were no test rows.");
  });

  test("says so when a baseline does better", async () => {
    const data = regressionReport();
    const test = {
      ...data.scores.test!,
      baselines: [{ name: "linear", scores: { r2: 0.99, rmse: 1, mae: 1 } }],
    };
    expect(readable(await renderReport({ ...data, scores: { test } }))).toContain("A baseline does better");
  });

  test("says so when the model is no better than the mean", async () => {
    const data = regressionReport();
    const test = { rows: 9, model: { r2: -0.2, rmse: 9, mae: 8 }, baselines: [] };
    expect(readable(await renderReport({ ...data, scores: { test } }))).toContain("does not predict");
  });

  test("has pictures without a color of their own: each is a variable of the theme", async () => {
    const pictures = [
      ...(await renderReport(regressionReport())).matchAll(/<svg class="picture"[\s\S]*?<\/svg>/g),
    ];
    expect(pictures.length).toBeGreaterThan(7);
    for (const [picture] of pictures) {
      const values = [...picture.matchAll(/(?:fill|stroke)="([^"]*)"/g)].map((match) => match[1]!);
      for (const value of values) expect(value).toMatch(/^(?:var\(--[a-z-]+\)|none|transparent)$/);
    }
  });
});

function severalOutputs(): ReportData {
  const data = regressionReport();
  const [only] = data.predictions!;
  const curve = { mean: [1, 2, 3] };
  return {
    ...data,
    target: ["height", "width"],
    predictions: [
      { ...only!, output: "height" },
      { on: "test", actual: [1, 1], predicted: [2, 2], of: 2, output: "width" },
    ],
    partialDependence: {
      columns: [
        {
          column: "age",
          kind: "number",
          grid: [0, 1, 2],
          curves: [
            { ...curve, output: "height" },
            { ...curve, output: "width" },
          ],
        },
      ],
    },
  };
}
