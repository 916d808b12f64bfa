import { InputError, nearestName } from "lineament";
import type { Claim } from "./claim.ts";
import { features } from "./features/index.ts";
import { interpolation } from "./interpolation/index.ts";
import { linear } from "./linear/index.ts";
import { linearized } from "./linearized/index.ts";
import { wide } from "./wide/index.ts";

/** Every claim there is, in the order of its area. */
export const claims: readonly Claim[] = [...linearized, ...linear, ...features, ...wide, ...interpolation];

/**
 * The claims that are meant by a code (LZ-06), an id (linearized/kernel-concentration, or its last part), an area (linearized),
 * or `all`; capitals do not matter.
 * @throws InputError with the nearest name when there are none
 */
export function findClaims(selector: string, among: readonly Claim[] = claims): Claim[] {
  const wanted = selector.trim().toLowerCase();
  const found = among.filter((claim) => wanted === "all" || namesOf(claim).includes(wanted));
  if (found.length > 0) return found;
  const near = nearestName(wanted, ["all", ...among.flatMap(namesOf)]);
  const code = among.find((claim) => claim.code.toLowerCase() === near)?.code;
  const help = near === undefined ? '"lineament claims" lists them' : `did you mean ${code ?? near}?`;
  throw new InputError(`there is no claim ${JSON.stringify(selector)}; ${help}`);
}

function namesOf({ code, id, area }: Claim): string[] {
  return [code.toLowerCase(), id, id.slice(id.indexOf("/") + 1), area];
}
