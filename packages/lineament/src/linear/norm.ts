/** ‖x‖₂ without overflow. */
export function norm(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  if (most === 0 || !Number.isFinite(most)) return most;
  let sum = 0;
  for (const value of values) sum += (value / most) ** 2;
  return most * Math.sqrt(sum);
}
