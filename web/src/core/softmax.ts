// The softmax turns scores into attention weights, and the entropy says over how many keys they spread.

/** The softmax of each row over the keys its query may attend to; where there are none, the row is zero. */
export function softmax(scaled: Float64Array, mayAttend: Uint8Array, T: number, S: number): Float64Array {
  const out = new Float64Array(T * S);
  for (let t = 0; t < T; t++) {
    softmaxRow(scaled, mayAttend, out, t * S, (t + 1) * S);
  }
  return out;
}

function softmaxRow(scaled: Float64Array, mayAttend: Uint8Array, out: Float64Array, start: number, end: number): void {
  // The largest score is subtracted first: the quotient stays the same, and no exponential overflows.
  let largest = -Infinity;
  for (let i = start; i < end; i++) {
    if (mayAttend[i] && scaled[i]! > largest) largest = scaled[i]!;
  }
  if (largest === -Infinity) return;

  let total = 0;
  for (let i = start; i < end; i++) {
    if (!mayAttend[i]) continue;
    const exponential = Math.exp(scaled[i]! - largest);
    out[i] = exponential;
    total += exponential;
  }

  for (let i = start; i < end; i++) {
    out[i] = out[i]! / total;
  }
}

/** The entropy of one row of weights, in bits: 0 for one key, log₂ n for n keys alike. */
export function entropy(weights: Float64Array): number {
  let bits = 0;
  for (const weight of weights) {
    if (weight > 0) bits -= weight * Math.log2(weight);
  }
  return bits;
}
