/** The share of entries at which two lists of numbers have the same sign; 0 agrees with nothing. */
export function signAgreement(left: ArrayLike<number>, right: ArrayLike<number>): number {
  let agreed = 0;
  for (let i = 0; i < left.length; i++) if (left[i]! * right[i]! > 0) agreed++;
  return agreed / left.length;
}
