import { markup, type Markup } from "../markup.ts";
import { extent, finite } from "../figures/axis.ts";
import { gradientHeatMap } from "../figures/gradient-heat-map.ts";
import { importanceBars } from "../figures/importance-bars.ts";
import { interactionBars } from "../figures/interaction-bars.ts";
import { type DependenceFrame, partialDependenceCurve } from "../figures/partial-dependence-curve.ts";
import { shorten } from "../labels.ts";
import { card, frame, more, section } from "../page/card.ts";
import { lineKey } from "../page/key.ts";
import { table } from "../page/table.ts";
import { countOf, formatCount, formatNumber, formatShare, listed } from "../numbers.ts";
import { picture } from "../picture.ts";
import type {
  Importances,
  Interactions,
  LabeledMatrix,
  PartialDependences,
  ReportData,
} from "../report-data.ts";
import { targetName } from "../summary.ts";

/** What the model learned about the columns. */
export async function learned(data: ReportData): Promise<Markup | undefined> {
  const { importances, partialDependence, interactions, agop } = data;
  return section(
    "learned",
    "What it learned",
    "How the prediction depends on the columns. It describes the model, not causes: a column may stand in for something that is not in the table.",
    [
      importances && importances.columns.length > 0 ? await importanceCard(importances) : undefined,
      interactions && interactions.pairs.length > 0 ? await interactionCard(interactions) : undefined,
      partialDependence && partialDependence.columns.length > 0
        ? await dependenceCard(data, partialDependence)
        : undefined,
      agop && agop.labels.length > 1 ? await gradientCard(agop) : undefined,
    ],
  );
}

async function importanceCard(importances: Importances): Promise<Markup> {
  const { columns, noiseFloor, noiseFloorOf, bandOf } = importances;
  const svg = await picture(
    importanceBars(importances),
    "importances",
    `Bars of column importance, largest first: ${listed(columns.slice(0, 5).map(({ column, share }) => `${column} ${formatShare(share)}`))}.`,
  );
  const banded = columns.some(({ lower, upper }) => lower !== undefined && upper !== undefined);
  const raw = columns.some((column) => column.raw !== undefined);
  const numbers = table(
    columns,
    [
      { title: "column", kind: "name", cell: ({ column }) => column },
      { title: "share", numeric: true, cell: ({ share }) => formatShare(share), value: ({ share }) => share },
      ...(banded
        ? [
            {
              title: "5%",
              numeric: true,
              cell: ({ lower }: { lower?: number | undefined }) => formatShare(lower),
              value: ({ lower }: { lower?: number | undefined }) => lower,
            },
            {
              title: "95%",
              numeric: true,
              cell: ({ upper }: { upper?: number | undefined }) => formatShare(upper),
              value: ({ upper }: { upper?: number | undefined }) => upper,
            },
          ]
        : []),
      ...(raw
        ? [
            {
              title: "per unit²",
              numeric: true,
              meaning: "mean squared derivative per squared unit of the column",
              cell: ({ raw: value }: { raw?: number | undefined }) => formatNumber(value),
              value: ({ raw: value }: { raw?: number | undefined }) => value,
            },
          ]
        : []),
    ],
    { sortable: true },
  );
  const lines = banded ? ` The lines are ${bandOf ?? "5–95% over refits"}.` : "";
  const floor =
    noiseFloor === undefined
      ? ""
      : ` A column of pure noise reaches ${formatShare(noiseFloor)}${noiseFloorOf === undefined ? "" : ` (${noiseFloorOf})`}; hollow bars do not rise above it.`;
  const hidden = columns.length > 20 ? ` The 20 largest of ${formatCount(columns.length)}.` : "";
  return card(
    "How much each column matters",
    `How strongly the prediction changes when this column alone varies as it does between rows: its part of the sum over columns.${lines}${floor}${hidden}`,
    markup`${frame(svg)}${more("Numbers", numbers)}`,
  );
}

async function interactionCard(interactions: Interactions): Promise<Markup> {
  const { pairs, noiseFloor, of } = interactions;
  const svg = await picture(
    interactionBars(interactions),
    "interactions",
    `Bars of interaction strength, strongest first: ${listed(pairs.slice(0, 4).map(({ columns: [a, b] }) => `${a} with ${b}`))}.`,
  );
  const numbers = table(
    pairs,
    [
      { title: "column", kind: "name", cell: ({ columns }) => columns[0] },
      { title: "with", kind: "name", cell: ({ columns }) => columns[1] },
      {
        title: "strength",
        numeric: true,
        cell: ({ strength }) => formatNumber(strength),
        value: ({ strength }) => strength,
      },
    ],
    { sortable: true },
  );
  const shown = Math.min(10, pairs.length);
  const hidden = of !== undefined && of > shown ? ` The ${shown} strongest of ${countOf(of, "pair")}.` : "";
  const floor = noiseFloor === undefined ? "" : " The dashed line is what pure noise reaches.";
  return card(
    "Columns that work together",
    `How much the effect of one column depends on the value of another (root mean squared mixed derivative). 0 means that their effects simply add up.${floor}${hidden}`,
    markup`${frame(svg)}${more("Numbers", numbers)}`,
  );
}

async function dependenceCard(
  data: ReportData,
  { columns, bandOf, rows }: PartialDependences,
): Promise<Markup> {
  const classes = data.classes ?? [];
  const probability = data.task === "classification";
  const outputs = [...new Set(columns.flatMap(({ curves }) => curves.map(({ output }) => output ?? "")))];
  const several = columns.some(({ curves }) => curves.length > 1);
  const leading = several ? mostMoving(columns, outputs) : [];
  const single = columns[0]?.curves[0]?.output ?? (classes.length === 2 ? classes[1] : undefined);
  const values = columns.flatMap(({ curves }) =>
    curves.flatMap(({ mean, lower, upper }) =>
      several ? [...mean] : [...mean, ...(lower ?? []), ...(upper ?? [])],
    ),
  );
  const [low, high] = extent(values, 0.04);
  const title = probability
    ? several
      ? "probability"
      : `probability of ${shorten(single ?? targetName(data), 22)}`
    : `${shorten(several ? "prediction" : targetName(data), 26)}${data.unit === undefined ? "" : ` (${data.unit})`}`;
  const range: DependenceFrame = {
    domain: probability ? [Math.max(0, low), Math.min(1, high)] : [low, high],
    title,
    probability,
    leading,
  };
  const panels = await Promise.all(
    columns.map((column, i) => {
      const reached = extent(finite(column.curves[0]?.mean ?? []));
      const said = probability ? formatShare : (x: number): string => formatNumber(x);
      return picture(
        partialDependenceCurve(column, range),
        `dependence-${i}`,
        `Mean prediction along ${column.column}: from ${said(reached[0])} to ${said(reached[1])}.`,
      );
    }),
  );
  const banded = !several && columns.some(({ curves }) => curves.some(({ lower }) => lower !== undefined));
  const ticks = columns.some(({ kind, deciles }) => kind === "number" && deciles !== undefined);
  const reading = [
    `The mean prediction when one column is set to each value in ${rows === undefined ? "every row" : `all of ${countOf(rows, "row")}`} and the others stay as they are.`,
    banded ? ` The band is ${bandOf ?? "the middle of the rows"}.` : "",
    ticks
      ? " Ticks at the bottom are deciles of the column: between two of them lies a tenth of the rows."
      : "",
    " All pictures share one scale of predictions.",
  ].join("");
  return card(
    "How the prediction moves with a column",
    reading,
    markup`${several ? lineKey(leading, outputs.length > leading.length ? countOf(outputs.length - leading.length, "other class", "other classes") : undefined) : ""}
      <div class="panels">${panels}</div>`,
    { wide: true },
  );
}

/** The outputs, at most four, whose means move most along any column. */
function mostMoving(columns: PartialDependences["columns"], outputs: readonly string[]): string[] {
  const movement = outputs.map((output) =>
    columns.reduce((sum, { curves }) => {
      const [low, high] = extent(curves.find((curve) => (curve.output ?? "") === output)?.mean ?? []);
      return sum + (high - low);
    }, 0),
  );
  const top = outputs
    .map((_, i) => i)
    .toSorted((a, b) => movement[b]! - movement[a]!)
    .slice(0, 4);
  return outputs.filter((_, i) => top.includes(i));
}

async function gradientCard(agop: LabeledMatrix): Promise<Markup> {
  const shown = Math.min(30, agop.labels.length);
  const all = agop.of ?? agop.labels.length;
  const svg = await picture(
    gradientHeatMap(agop),
    "agop",
    `Heat map of the learned metric over ${countOf(shown, "coordinate")}: ${listed(agop.labels.slice(0, 5).map((name) => shorten(name)))}${agop.labels.length > 5 ? " and others" : ""}.`,
  );
  return card(
    "Directions that move the prediction",
    markup`The average outer product of the prediction’s gradients, which the machine uses as its measure of
      distance. The diagonal is how much a column matters. Beside it, blue: raising either of the two moves
      the prediction the same way; <strong>orange with a minus</strong>: opposite ways, so that it reacts to
      their difference. Numbers are percent of the largest entry. This is not the interaction of two
      columns.${all > shown ? ` The ${shown} most important of ${formatCount(all)} coordinates.` : ""}`,
    frame(svg),
    { wide: true, beside: true },
  );
}
