// A matrix is one row-major array: entry (i, j) of a matrix with n columns is data[i * n + j].

export interface Matrix {
  rows: number;
  cols: number;
  data: Float64Array;
}

/** A matrix of zeros. */
export function zeros(rows: number, cols: number): Matrix {
  return { rows, cols, data: new Float64Array(rows * cols) };
}

/** The product of two matrices given as lists of rows: (m, n) times (n, p) is (m, p). */
export function matmul(a: number[][], b: number[][]): Matrix {
  const out = zeros(a.length, b[0]!.length);
  for (const [i, row] of a.entries()) {
    for (let j = 0; j < out.cols; j++) {
      let sum = 0;
      for (const [l, value] of row.entries()) {
        sum += value * b[l]![j]!;
      }
      out.data[i * out.cols + j] = sum;
    }
  }
  return out;
}

/** The product of two matrices: (m, n) times (n, p) is (m, p). */
export function times(a: Matrix, b: Matrix): Matrix {
  const out = zeros(a.rows, b.cols);
  for (let i = 0; i < a.rows; i++) {
    for (let l = 0; l < a.cols; l++) {
      const factor = a.data[i * a.cols + l]!;
      for (let j = 0; j < b.cols; j++) {
        out.data[i * b.cols + j]! += factor * b.data[l * b.cols + j]!;
      }
    }
  }
  return out;
}

/** One row of a row-major array, without a copy. */
export function rowOf(data: Float64Array, cols: number, row: number): Float64Array {
  return data.subarray(row * cols, (row + 1) * cols);
}
