import type { Claim } from "@lineament/claims";

/** The claims of a module, by default the real ones. */
export async function loadClaims(url = "@lineament/claims"): Promise<readonly Claim[]> {
  const { claims } = (await import(url)) as { readonly claims: readonly Claim[] };
  return claims;
}
