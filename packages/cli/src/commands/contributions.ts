import {
  averageRow,
  explainPrediction,
  type Points,
  type PredictionExplanation,
  rowRange,
  type TableModel,
} from "lineament";

/** Why row i of encoded rows is predicted as it is. */
export async function contributionsOf(
  model: TableModel,
  { coordinates, levels }: Points,
  i: number,
  {
    output,
    evidence = 0,
    signal,
  }: { readonly output?: number; readonly evidence?: number; readonly signal?: AbortSignal },
): Promise<PredictionExplanation> {
  const blocks = model.encoder.blocks.length;
  const row = rowRange(coordinates, i, i + 1);
  const x: Points = levels
    ? { coordinates: row, levels: levels.subarray(i * blocks, (i + 1) * blocks) }
    : { coordinates: row };
  return await explainPrediction(model.machine, x, {
    columns: model.columns,
    output,
    evidence,
    reference: averageRow(model.machine.state),
    signal,
  });
}
