import { describe, expect, test } from "vitest";
import {
  type Axis,
  bars,
  curves,
  heatMap,
  heatMaps,
  nodeLink,
  panels,
  type Series,
  seriesColors,
  type Spec,
} from "@lineament/claims";
import { figureSvg, pagePicture } from "../../src/report/picture.ts";
import { colors } from "../../src/report/theme.ts";

async function drawn(spec: Spec): Promise<string> {
  const log = { warnings: [] };
  const svg = await figureSvg(spec as never, log);
  expect(log.warnings).toEqual([]);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/u);
  return svg;
}

/** What a reader reads: the texts of a picture. */
function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)</gu)].map(([, text]) => text!);
}

/** Attributes of the marks of a layer that say what series they are. */
function marks(svg: string, kind: "line" | "symbol" | "rule" | "rect"): string[] {
  const groups = [
    ...svg.matchAll(new RegExp(`<g class="mark-${kind} role-mark[^"]*"[^>]*>(.*?)</g>`, "gsu")),
  ];
  return groups.flatMap(([, group]) => [...group!.matchAll(/<(?:path|line) [^>]*>/gu)].map(([tag]) => tag));
}

const x: Axis = { title: "width N", scale: "log" };
const y: Axis = { title: "error (operator norm)", scale: "log" };
const widths = [128, 256, 512, 1024];
const roles = ["prediction", "measurement", "bound"] as const;

function line(label: string, role: Series["role"], factor = 1): Series {
  return { label, role, points: widths.map((width) => ({ x: width, y: factor / Math.sqrt(width) })) };
}

describe("curves", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "of %i series draw without a warning, each in the legend once",
    async (count) => {
      const series = Array.from({ length: count }, (_, i) => line(`series ${i}`, roles[i % 3]!, i + 1));
      const svg = await drawn(curves({ title: "A title", x, y, series }));
      for (const { label } of series) expect(texts(svg).filter((text) => text === label)).toHaveLength(1);
      expect(texts(svg)).toEqual(expect.arrayContaining(["A title", "width N", "error (operator norm)"]));
    },
  );

  test.each(roles)("of role %s differ from each other in more than color", async (role) => {
    const series = Array.from({ length: 5 }, (_, i) => line(`series ${i}`, role, i + 1));
    const svg = await drawn(curves({ x, y, series }));
    const seen = marks(svg, role === "measurement" ? "symbol" : "line").map((tag) =>
      role === "measurement"
        ? / d="([^"]*)"/u.exec(tag)![1]!
        : (/stroke-dasharray="([^"]*)"/u.exec(tag)?.[1] ?? "solid"),
    );
    expect(new Set(seen).size).toBe(5);
  });

  test("draw predictions as lines, bounds as dashed lines and measurements as marks", async () => {
    const svg = await drawn(curves({ x, y, series: roles.map((role) => line(role, role)) }));
    const [bound, prediction] = marks(svg, "line");
    expect(bound).toContain('stroke-dasharray="4,4"');
    expect(prediction).toContain('stroke-dasharray="1,0"');
    expect(marks(svg, "symbol")).toHaveLength(widths.length);
  });

  test("give a prediction and its measurement one color, and the legend both roles", async () => {
    const series = [line("ReLU", "prediction"), line("ReLU", "measurement"), line("erf", "measurement", 2)];
    const svg = await drawn(curves({ x, y, series }));
    const stroke = (tag: string | undefined) => /stroke="([^"]*)"/u.exec(tag!)![1];
    expect(stroke(marks(svg, "line")[0])).toBe(stroke(marks(svg, "symbol")[0]));
    expect(stroke(marks(svg, "symbol").at(-1))).not.toBe(stroke(marks(svg, "symbol")[0]));
    expect(texts(svg)).toEqual(expect.arrayContaining(["ReLU, predicted", "ReLU, measured", "erf"]));
  });

  test("leave out what an axis cannot place, and say how much", async () => {
    const points = [
      { x: 1, y: 1 },
      { x: 2, y: 0 },
      { x: 3, y: -1 },
      { x: 0, y: 1 },
      { x: 4, y: NaN },
      { x: Infinity, y: 1 },
      { x: 5, y: 0.5, error: 1 },
    ];
    const svg = await drawn(curves({ x, y, series: [{ label: "loss", role: "measurement", points }] }));
    expect(marks(svg, "symbol")).toHaveLength(2);
    expect(texts(svg)).toContain("5 points are not shown: not finite or not positive");
    const linear = await drawn(
      curves({
        x: { title: "t" },
        y: { title: "loss" },
        series: [{ label: "loss", role: "measurement", points }],
      }),
    );
    expect(texts(linear)).toContain("2 points are not shown: not finite");
  });

  test("say nothing of what lies below a chosen range", async () => {
    const points = [
      { x: 1, y: 1 },
      { x: 2, y: 1e-9 },
      { x: 3, y: 0 },
    ];
    const chosen: Axis = { ...y, domain: [1e-6, 1] };
    const svg = await drawn(
      curves({ x, y: chosen, series: [{ label: "loss", role: "measurement", points }] }),
    );
    expect(marks(svg, "symbol")).toHaveLength(1);
    expect(svg).not.toContain("not shown");
  });

  test("that have nothing to show are drawn too", async () => {
    expect(
      texts(await drawn(curves({ x, y, series: [{ label: "loss", role: "bound", points: [] }] }))),
    ).toContain("loss");
  });

  test.each([
    [1e-9, 1e-3, ["10⁻⁹", "10⁻⁸", "10⁻³"]],
    [3, 40, ["5", "10", "20"]],
    [1e-40, 1e40, ["10⁻²⁰", "10⁰", "10²⁰"]],
    [1, 1, ["1"]],
  ])("from %f to %f on a logarithmic axis have few round ticks", async (low, high, ticks) => {
    const points = [
      { x: 1, y: low },
      { x: 2, y: high },
    ];
    const seen = texts(
      await drawn(curves({ x: { title: "t" }, y, series: [{ label: "a", role: "prediction", points }] })),
    );
    expect(seen).toEqual(expect.arrayContaining(ticks));
    expect(seen.length).toBeLessThan(30);
  });
});

describe("bars", () => {
  test("tell measured from predicted by filling, and draw bounds across the group", async () => {
    const svg = await drawn(
      bars({
        x: { title: "degree", categories: ["0", "1", "2"] },
        y: { title: "share" },
        series: [
          { label: "d = 5", role: "measurement", values: [0.5, -0.1, undefined], errors: [0.1] },
          { label: "d = 5", role: "prediction", values: [0.4, 0.1, 0.2] },
          { label: "limit", role: "bound", values: [0.6, 0.3, NaN] },
        ],
      }),
    );
    const fills = marks(svg, "rect").map((tag) => /fill="([^"]*)"/u.exec(tag)?.[1]);
    expect(fills).toEqual([seriesColors[0], seriesColors[0], undefined, undefined, undefined]);
    expect(marks(svg, "rule")).toHaveLength(3); // an error and two bounds
    expect(texts(svg)).toEqual(
      expect.arrayContaining([
        "d = 5, measured",
        "d = 5, predicted",
        "limit",
        "1 point is not shown: not finite",
      ]),
    );
  });

  test("stand on the edge of a logarithmic axis", async () => {
    const svg = await drawn(
      bars({
        x: { title: "nonlinearity", categories: ["ReLU", "a long name of one"] },
        y,
        series: [{ label: "measured", role: "measurement", values: [1e-3, 1e-6] }],
      }),
    );
    expect(marks(svg, "rect").filter((tag) => !/d="M[^"]*h0/u.test(tag))).toHaveLength(2);
  });
});

describe("heat maps", () => {
  const labels = [1, 2, 3];
  test.each(["sequential", "diverging", "log"] as const)(
    "with a %s scale draw every cell that has a value",
    async (scale) => {
      const values = [
        [1, -2, NaN],
        [3, 0.5, 10],
        [4, 5, 6],
      ];
      const svg = await drawn(
        heatMap({
          x: { title: "j", labels },
          y: { title: "i", labels },
          values,
          value: { title: "difference", scale },
        }),
      );
      expect(texts(svg)).toContain("difference");
      expect(
        texts(svg).some((text) => text.includes("1 cell is empty") || text.includes("2 cells are empty")),
      ).toBe(true);
      // Signs are seen without color.
      expect(texts(svg).includes("−2")).toBe(scale !== "log");
    },
  );

  test.each([[[[0, 0]]], [[[5]]], [[[NaN]]]])("of %j have a scale all the same", async (values) => {
    for (const scale of ["sequential", "diverging", "log"] as const) {
      const columns = values[0]!.map((_, j) => `column ${j}`);
      await drawn(
        heatMap({
          x: { title: "j", labels: columns },
          y: { title: "i", labels: ["a"] },
          values,
          value: { title: "v", scale },
        }),
      );
    }
  });
});

test("marks name cells of a heat map", async () => {
  const labels = Array.from({ length: 29 }, (_, i) => i);
  const svg = await drawn(
    heatMap({
      x: { title: "j", labels },
      y: { title: "i", labels },
      values: labels.map((i) => labels.map((j) => 1 + i + j)),
      value: { title: "v", scale: "log" },
      marks: [{ row: 3, column: 4, text: "−πθ" }],
    }),
  );
  expect(texts(svg).filter((text) => text === "−πθ")).toHaveLength(1);
});

test("heat maps side by side have one scale of colors", async () => {
  const labels = ["a", "b"];
  const map = (title: string, ...values: number[]) => ({ title, values: [values, [0, 1]] });
  const svg = await drawn(
    heatMaps({
      title: "Both",
      x: { title: "j", labels },
      y: { title: "i", labels },
      maps: [map("left", 1, 2), map("right", 4, 8)],
      value: { title: "strength", scale: "sequential" },
    }),
  );
  expect(texts(svg)).toEqual(expect.arrayContaining(["Both", "left", "right", "8"]));
  expect(texts(svg).filter((text) => text === "strength")).toHaveLength(1);
});

test("panels share one legend, and equal series look the same in all of them", async () => {
  const panel = (title: string, ...series: Series[]) => ({ title, x, y, series });
  const svg = await drawn(
    panels({
      panels: [
        panel("left", line("a", "prediction"), line("b", "measurement")),
        panel("right", line("b", "measurement"), line("c", "bound")),
      ],
    }),
  );
  for (const label of ["left", "right", "a", "b", "c"])
    expect(texts(svg).filter((text) => text === label)).toHaveLength(1);
  expect(new Set(marks(svg, "symbol").map((tag) => / d="([^"]*)"/u.exec(tag)![1])).size).toBe(1);
});

const layered = nodeLink({
  title: "a graph",
  columns: [
    { name: "inputs", nodes: 2 },
    { name: "level 1", nodes: 1 },
    { name: "output", nodes: 1 },
  ],
  links: [
    { from: 0, to: 2 },
    { from: 1, to: 2 },
    { from: 2, to: 3 },
    { from: 0, to: 3, emphasized: true },
  ],
});

test("a graph has a mark for every node and link, and a name for every column", async () => {
  const svg = await drawn(layered);
  expect(texts(svg)).toEqual(["inputs", "level 1", "output", "a graph"]);
  expect(marks(svg, "symbol")).toHaveLength(4);
  const links = marks(svg, "rule");
  expect(links).toHaveLength(4);
  expect(links.filter((tag) => tag.includes(seriesColors[1]))).toHaveLength(1);
});

test("every color of a figure has a dark partner", async () => {
  expect(Object.values(colors)).toEqual(expect.arrayContaining([...seriesColors]));
  const series = Array.from({ length: 8 }, (_, i) => line(`series ${i}`, roles[i % 3]!, i + 1));
  const all = [
    ...[{ title: "t", notes: ["n"] }, { notes: ["n"] }, {}].map((heading) =>
      curves({ ...heading, x, y, series }),
    ),
    bars({
      x: { title: "degree", categories: ["0"] },
      y,
      series: roles.map((role) => ({ label: role, role, values: [1], errors: [0.1] })),
    }),
    heatMap({
      x: { title: "j", labels: [1, 2] },
      y: { title: "i", labels: ["a"] },
      values: [[-2, 1]],
      value: { title: "v", scale: "diverging" },
    }),
    layered,
  ];
  for (const spec of all) {
    const { html } = pagePicture(await drawn(spec), "name", "a figure");
    expect(html).not.toMatch(/(?:fill|stroke)="(?:#|black)/u);
  }
});
