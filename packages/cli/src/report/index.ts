export type * from "./report-data.ts";
export { renderDiagnosis } from "./render-diagnosis.ts";
export { renderReport } from "./render-report.ts";
export { figureSvg } from "./picture.ts";
