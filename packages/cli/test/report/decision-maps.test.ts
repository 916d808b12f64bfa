import { decisionMaps } from "@lineament/claims";
import { expect, test } from "vitest";
import { figureSvg } from "../../src/report/picture.ts";

const maps = decisionMaps({
  x: { title: "x", domain: [0, 4] },
  y: { title: "y", domain: [0, 1] },
  classes: ["yes", "no"],
  panels: [
    {
      title: "one",
      values: [
        [1, 2, -1, -3],
        [1, 1, 1, 1],
      ],
    },
    { title: "two", values: [[-1]] },
  ],
  points: [
    { x: 1, y: 0.2, label: 1 },
    { x: 3, y: 0.8, label: -1 },
  ],
});

test("cells of one class side by side are one rectangle", () => {
  const [first] = maps["concat"] as [{ layer: { data: { values: unknown[] } }[] }];
  expect(first.layer.slice(0, 2).map(({ data }) => data.values)).toEqual([
    [
      { left: 0, right: 2, bottom: 0, top: 0.5, class: "yes" },
      { left: 0, right: 4, bottom: 0.5, top: 1, class: "yes" },
    ],
    [{ left: 2, right: 4, bottom: 0, top: 0.5, class: "no" }],
  ]);
});

test("decision maps are drawn without a warning, with one legend", async () => {
  const log = { warnings: [] };
  const svg = await figureSvg(maps as never, log);
  expect(log.warnings).toEqual([]);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/u);
  expect(svg.match(/>yes</gu)).toHaveLength(1);
});
