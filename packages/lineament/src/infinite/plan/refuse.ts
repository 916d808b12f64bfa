/**
 * Says why a network has no infinite-width kernel.
 * @throws RangeError always
 */
export function refuse(path: string, what: string, cure: string): never {
  throw new RangeError(`infinite network: ${path} ${what}; ${cure}`);
}
