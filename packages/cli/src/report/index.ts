export type * from "./report-data.ts";
export { renderReport } from "./render-report.ts";
export { figureSvg } from "./picture.ts";
