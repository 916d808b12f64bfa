import { logSlope } from "../../packages/claims/src/measures/log-slope.ts";
import type { Figure } from "../../packages/cli/src/report/picture.ts";
import { formatNumber } from "../../packages/cli/src/report/numbers.ts";
import { colors } from "../../packages/cli/src/report/theme.ts";
import { type Benchmark, sized, sizeName, type Sweep } from "./benchmark.ts";
import type { Limits } from "./limits.ts";
import type { Result } from "./report.ts";

interface Place {
  readonly x: number;
  readonly y: number;
}

/** A contestant's marks, or a limit, over one number of the size. */
export interface Course {
  readonly label: string;
  readonly kind: "contestant" | "published" | "limit";
  /** Equal ranks look alike in all drawings of a benchmark. */
  readonly rank: number;
  readonly points: readonly Place[];
}

const look = [
  colors.accent,
  colors.second,
  colors.third,
  colors.fourth,
  colors.fifth,
  colors.sixth,
  colors.seventh,
  colors.eighth,
];
const shapes = [
  "circle",
  "square",
  "triangle-up",
  "diamond",
  "cross",
  "triangle-down",
  "triangle-right",
  "triangle-left",
];

/** The exponent of a power law through a course, where it has two places or more. */
export function slopeOf({ points }: Course): number | undefined {
  return points.length < 2 ? undefined : logSlope(points);
}

/** Seconds along a sweep: contestants, what was published, and the time at the machine's limits. */
export function timeCourses(
  benchmark: Benchmark,
  sweep: Sweep,
  results: readonly Result[],
  limits: Limits,
): readonly Course[] {
  const { flops, traffic, published } = benchmark;
  const known = along(sweep, (name) => published?.seconds[name]);
  return [
    ...contestantCourses(benchmark, sweep, results, ({ seconds }) => seconds),
    ...(known.length > 0
      ? [
          {
            label: published!.label,
            kind: "published" as const,
            rank: benchmark.ours.length + benchmark.peers.length,
            points: known,
          },
        ]
      : []),
    ...limit("gemm rate", 0, sweep, flops, limits.gemm[benchmark.precision]),
    ...limit("memory rate", 1, sweep, traffic, limits.bandwidth),
  ];
}

/** Bytes along a sweep: what processes took above what they take without data, and what the data and the result take. */
export function memoryCourses(
  benchmark: Benchmark,
  sweep: Sweep,
  results: readonly Result[],
): readonly Course[] {
  return [
    ...contestantCourses(benchmark, sweep, results, ({ peakBytes, baseBytes }) => peakBytes - baseBytes),
    ...limit("data and result", 0, sweep, benchmark.storage, 1),
  ];
}

function contestantCourses(
  { ours, peers }: Benchmark,
  sweep: Sweep,
  results: readonly Result[],
  value: (result: Result) => number,
): readonly Course[] {
  return [...ours.map(({ label }) => label), ...peers].flatMap((label, rank): Course[] => {
    const own = new Map(
      results.filter(({ contestant }) => contestant === label).map((one) => [sizeName(one.size), value(one)]),
    );
    const points = along(sweep, (name) => own.get(name));
    return points.length === 0 ? [] : [{ label, kind: "contestant", rank, points }];
  });
}

function limit(
  label: string,
  rank: number,
  sweep: Sweep,
  amount: Benchmark["flops"],
  rate: number,
): readonly Course[] {
  if (!amount) return [];
  const points = sweep.values.map((x) => ({ x, y: amount(sized(sweep.at, sweep.along, x)) / rate }));
  return [{ label, kind: "limit", rank, points }];
}

function along(sweep: Sweep, value: (size: string) => number | undefined): Place[] {
  return sweep.values.flatMap((x) => {
    const y = value(sizeName(sized(sweep.at, sweep.along, x)));
    return y !== undefined && y > 0 ? [{ x, y }] : [];
  });
}

const limitDashes = [
  [6, 3],
  [1.5, 3],
];

/** Courses on logarithmic axes; the key names the slopes. Undefined where nothing was measured. */
export function drawing(courses: readonly Course[], xTitle: string, unit: "s" | "B"): Figure | undefined {
  const measured = courses
    .filter(({ kind }) => kind !== "limit")
    .flatMap(({ points }) => points.map(({ y }) => y));
  if (measured.length === 0) return undefined;
  const [lowest, highest] = [Math.min(...measured), Math.max(...measured)];
  // A limit that is far from what was measured does not stretch the axis.
  const near = ({ y }: Place): boolean => y >= lowest / 20 && y <= 3 * highest;
  const shown = courses.filter(({ kind, points }) => kind !== "limit" || points.some(near));
  const within = shown.flatMap(({ points }) => points.filter(near).map(({ y }) => y));
  const [floor, ceiling] = [Math.min(...within) / 1.3, Math.max(...within) * 1.3];
  const all = shown.map((course) => {
    const { kind, rank, label } = course;
    const slope = slopeOf(course);
    return {
      ...course,
      key: slope === undefined ? label : `${label}, slope ${slope.toFixed(2).replace("-", "−")}`,
      color: kind === "limit" ? colors.soft : look[rank % look.length]!,
      shape: kind === "limit" ? "M-1.2,0L1.2,0" : shapes[rank % shapes.length]!,
      dash: kind === "limit" ? limitDashes[rank]! : kind === "published" ? [2, 4] : [1, 0],
    };
  });
  const drawn = all.flatMap(({ key, kind, label, points }) =>
    points.map((point) => ({
      ...point,
      key,
      mark: kind !== "limit",
      note: `${label}: ${formatNumber(point.x)}, ${withPrefix(point.y, unit)}`,
    })),
  );
  const xs = [...new Set(drawn.map(({ x }) => x))].toSorted((a, b) => a - b);
  const scale = (value: "color" | "shape" | "dash") => ({
    domain: all.map(({ key }) => key),
    range: all.map((one) => one[value]),
  });
  const legend = {
    title: null,
    columns: 2,
    symbolSize: 70,
    symbolStrokeWidth: 2,
    labelOffset: 9,
    columnPadding: 16,
  };
  const stroke = { field: "key", type: "nominal" as const, scale: scale("color"), legend };
  const line = {
    mark: { type: "line" as const, clip: true, strokeWidth: 1.75, aria: false },
    encoding: {
      stroke,
      strokeDash: { field: "key", type: "nominal" as const, scale: scale("dash"), legend },
    },
  };
  return {
    width: 420,
    height: 270,
    data: { values: drawn },
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title: xTitle,
        scale: { type: "log", nice: false, domain: [xs[0]! / 1.08, xs.at(-1)! * 1.08] },
        axis: {
          values: xs,
          labelExpr: "format(datum.value, datum.value < 10000 ? 'd' : '~s')",
          labelOverlap: true,
        },
      },
      y: {
        field: "y",
        type: "quantitative",
        title: unit === "s" ? "time" : "memory",
        scale: { type: "log", nice: false, domain: [floor, ceiling] },
        axis: {
          values: decades(floor, ceiling),
          labelExpr: `replace(format(datum.value, '~s'), regexp('([a-zA-Zµ]?)$'), ' $1') + '${unit}'`,
        },
      },
    },
    layer: [
      line,
      {
        transform: [{ filter: "datum.mark" }],
        mark: { type: "point", size: 42, strokeWidth: 1, opacity: 1 },
        encoding: {
          stroke,
          fill: stroke,
          shape: { field: "key", type: "nominal", scale: scale("shape"), legend },
          description: { field: "note" },
        },
      },
    ],
  } as unknown as Figure;
}

/** Powers of ten between two numbers; with 2 and 5 times them where these are few. */
function decades(low: number, high: number): number[] {
  const powers: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) powers.push(power);
  const within = (factors: readonly number[]): number[] =>
    powers
      .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
      .filter((y) => y >= low && y <= high);
  const tens = within([1]);
  return tens.length >= 3 ? tens : within([1, 2, 5]);
}

/** "12 ms", "3.4 GB" */
export function withPrefix(value: number, unit: "s" | "B" | "B/s" | "flop/s"): string {
  const prefixes = ["n", "µ", "m", "", "k", "M", "G", "T"];
  const power = Math.max(-3, Math.min(4, Math.floor(Math.log10(value) / 3)));
  if (unit === "s" && power > 0) return `${formatNumber(value, 3)} s`;
  return `${formatNumber(Number((value / 1000 ** power).toPrecision(3)), 3)} ${prefixes[power + 3]}${unit}`;
}
