/**
 * Shares of x_0 … x_4 in the expected gradient outer product of Friedman's first function, 10 sin(π x_0 x_1) + 20 (x_2 − ½)² + 10 x_3
 * + 5 x_4, with x uniform on the cube. E(∂_0 f)² = 100 E(π x_1 cos(π x_0 x_1))² = 100 (π²/6 − 1/8).
 */
export function friedmanShares(): readonly number[] {
  const product = 100 * (Math.PI ** 2 / 6 - 1 / 8);
  const squares = [product, product, 1600 / 12, 100, 25];
  const trace = squares.reduce((sum, value) => sum + value, 0);
  return squares.map((value) => value / trace);
}
