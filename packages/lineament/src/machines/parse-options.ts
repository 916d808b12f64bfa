import { z } from "zod";

/** Options with their defaults. @throws RangeError that lists what is wrong with them */
export function parseOptions<S extends z.ZodType>(schema: S, options: unknown, of = "fit"): z.output<S> {
  const result = schema.safeParse(options);
  if (!result.success) throw new RangeError(`options of the ${of}:\n${z.prettifyError(result.error)}`);
  return result.data;
}
