// Every kernel once in float32 and once in float64, those of infinitely wide networks in float64 alone.

import { gemm, pack, transpose } from "./gemm";
import { profile, distances, markNegligible } from "./profile";
import { coordinateSums, coordinateGradients } from "./coordinates";
import { stage, normalize, weighted, addOwn, scaleRows, blend } from "./staging";
import { cholesky, solveRight, solveLeft } from "./triangular";

export { gemmScratch, heapBase } from "./gemm";
export { denseLayer, gaps, gapsFromDistances, covariances, narrow } from "./dense";

export function gemm32(m: i32, n: i32, k: i32, a: usize, lda: i32, ta: bool, b: usize, ldb: i32, tb: bool, c: usize, ldc: i32, mode: i32, scratch: usize): void {
  gemm<f32>(m, n, k, a, lda, ta, b, ldb, tb, c, ldc, mode, scratch);
}
export function gemm64(m: i32, n: i32, k: i32, a: usize, lda: i32, ta: bool, b: usize, ldb: i32, tb: bool, c: usize, ldc: i32, mode: i32, scratch: usize): void {
  gemm<f64>(m, n, k, a, lda, ta, b, ldb, tb, c, ldc, mode, scratch);
}
export function pack32(source: usize, stride: i32, count: i32, depth: i32, out: usize, width: i32, along: bool): void {
  pack<f32>(source, stride, count, depth, out, width, along);
}
export function pack64(source: usize, stride: i32, count: i32, depth: i32, out: usize, width: i32, along: bool): void {
  pack<f64>(source, stride, count, depth, out, width, along);
}
export function transpose32(a: usize, lda: i32, rows: i32, cols: i32, out: usize, ldout: i32): void {
  transpose<f32>(a, lda, rows, cols, out, ldout);
}
export function transpose64(a: usize, lda: i32, rows: i32, cols: i32, out: usize, ldout: i32): void {
  transpose<f64>(a, lda, rows, cols, out, ldout);
}
export function profile32(kind: i32, slope: bool, products: bool, tile: usize, rows: i32, stride: i32, normsX: usize, normsZ: usize, a: f64, b: f64, c: f64, tolerance: f64): void {
  profile<f32>(kind, slope, products, tile, rows, stride, normsX, normsZ, a, b, c, tolerance);
}
export function profile64(kind: i32, slope: bool, products: bool, tile: usize, rows: i32, stride: i32, normsX: usize, normsZ: usize, a: f64, b: f64, c: f64, tolerance: f64): void {
  profile<f64>(kind, slope, products, tile, rows, stride, normsX, normsZ, a, b, c, tolerance);
}
export function distances32(tile: usize, rows: i32, stride: i32, normsX: usize, normsZ: usize): void {
  distances<f32>(tile, rows, stride, normsX, normsZ);
}
export function distances64(tile: usize, rows: i32, stride: i32, normsX: usize, normsZ: usize): void {
  distances<f64>(tile, rows, stride, normsX, normsZ);
}
export function markNegligible32(tile: usize, rows: i32, cols: i32, stride: i32, normsX: usize, normsZ: usize, p: f64, tolerance: f64): void {
  markNegligible<f32>(tile, rows, cols, stride, normsX, normsZ, p, tolerance);
}
export function markNegligible64(tile: usize, rows: i32, cols: i32, stride: i32, normsX: usize, normsZ: usize, p: f64, tolerance: f64): void {
  markNegligible<f64>(tile, rows, cols, stride, normsX, normsZ, p, tolerance);
}
export function coordinateSums32(kind: i32, x: usize, ldx: i32, rows: i32, packed: usize, cols: i32, d: i32, p: f64, a: f64, tile: usize, stride: i32): void {
  coordinateSums<f32>(kind, x, ldx, rows, packed, cols, d, p, a, tile, stride);
}
export function coordinateSums64(kind: i32, x: usize, ldx: i32, rows: i32, packed: usize, cols: i32, d: i32, p: f64, a: f64, tile: usize, stride: i32): void {
  coordinateSums<f64>(kind, x, ldx, rows, packed, cols, d, p, a, tile, stride);
}
export function coordinateGradients32(kind: i32, tolerance: f64, x: usize, z: usize, ld: i32, count: i32, weights: usize, outputs: i32, p: f64, a: f64, out: usize, ldout: i32): void {
  coordinateGradients<f32>(kind, tolerance, x, z, ld, count, weights, outputs, p, a, out, ldout);
}
export function coordinateGradients64(kind: i32, tolerance: f64, x: usize, z: usize, ld: i32, count: i32, weights: usize, outputs: i32, p: f64, a: f64, out: usize, ldout: i32): void {
  coordinateGradients<f64>(kind, tolerance, x, z, ld, count, weights, outputs, p, a, out, ldout);
}
export function stage32(source: usize, rows: i32, d: i32, center: usize, out: usize, ld: i32, norms: usize): void {
  stage<f32>(source, rows, d, center, out, ld, norms);
}
export function stage64(source: usize, rows: i32, d: i32, center: usize, out: usize, ld: i32, norms: usize): void {
  stage<f64>(source, rows, d, center, out, ld, norms);
}
export function normalize32(source: usize, rows: i32, d: i32, out: usize, squares: usize): void {
  normalize<f32>(source, rows, d, out, squares);
}
export function normalize64(source: usize, rows: i32, d: i32, out: usize, squares: usize): void {
  normalize<f64>(source, rows, d, out, squares);
}
export function weighted32(a: usize, c: i32, z: usize, ldz: i32, d: i32, rows: i32, start: i32, end: i32, out: usize): void {
  weighted<f32>(a, c, z, ldz, d, rows, start, end, out);
}
export function weighted64(a: usize, c: i32, z: usize, ldz: i32, d: i32, rows: i32, start: i32, end: i32, out: usize): void {
  weighted<f64>(a, c, z, ldz, d, rows, start, end, out);
}
export function addOwn32(sums: usize, c: i32, u: usize, ldu: i32, d: i32, rows: i32, g: usize): void {
  addOwn<f32>(sums, c, u, ldu, d, rows, g);
}
export function addOwn64(sums: usize, c: i32, u: usize, ldu: i32, d: i32, rows: i32, g: usize): void {
  addOwn<f64>(sums, c, u, ldu, d, rows, g);
}
export function scaleRows32(factor: usize, a: usize, rows: i32, c: i32, out: usize): void {
  scaleRows<f32>(factor, a, rows, c, out);
}
export function scaleRows64(factor: usize, a: usize, rows: i32, c: i32, out: usize): void {
  scaleRows<f64>(factor, a, rows, c, out);
}
export function blend32(c: usize, old: usize, count: i32, alpha: f64, beta: f64): void {
  blend<f32>(c, old, count, alpha, beta);
}
export function blend64(c: usize, old: usize, count: i32, alpha: f64, beta: f64): void {
  blend<f64>(c, old, count, alpha, beta);
}
export function cholesky32(a: usize, n: i32, ld: i32, scratch: usize): i32 {
  return cholesky<f32>(a, n, ld, scratch);
}
export function cholesky64(a: usize, n: i32, ld: i32, scratch: usize): i32 {
  return cholesky<f64>(a, n, ld, scratch);
}
export function solveRight32(l: usize, ldl: i32, n: i32, b: usize, ldb: i32, rows: i32, scratch: usize): void {
  solveRight<f32>(l, ldl, n, b, ldb, rows, scratch);
}
export function solveRight64(l: usize, ldl: i32, n: i32, b: usize, ldb: i32, rows: i32, scratch: usize): void {
  solveRight<f64>(l, ldl, n, b, ldb, rows, scratch);
}
export function solveLeft32(l: usize, ldl: i32, n: i32, b: usize, ldb: i32, cols: i32, transposed: bool): void {
  solveLeft<f32>(l, ldl, n, b, ldb, cols, transposed);
}
export function solveLeft64(l: usize, ldl: i32, n: i32, b: usize, ldb: i32, cols: i32, transposed: bool): void {
  solveLeft<f64>(l, ldl, n, b, ldb, cols, transposed);
}
