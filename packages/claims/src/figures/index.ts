export { type Bars, bars } from "./bars.ts";
export { type Curves, curves } from "./curves.ts";
export { type DecisionMaps, decisionMaps } from "./decision-maps.ts";
export { type HeatMap, heatMap, type HeatMaps, heatMaps } from "./heat-map.ts";
export { seriesColors } from "./look.ts";
export { type NodeLink, nodeLink } from "./node-link.ts";
export { type Panels, panels } from "./panels.ts";
export type { Spec } from "./parts.ts";
