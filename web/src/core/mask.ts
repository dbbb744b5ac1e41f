// Masks say which keys s a query t may attend to. Each is a rule first, and a row-major array of 0 and 1 when applied.

export type MaskRule = (t: number, s: number) => boolean;

/** Every query may attend to every key. */
export const noMask: MaskRule = () => true;

/** No key after the query's own; with more keys than queries, the queries are the last of the sequence. */
export function causalMask(T: number, S: number): MaskRule {
  return (t, s) => s <= t + S - T;
}

/** Only the first `length` keys; the rest are padding. */
export function paddingMask(length: number): MaskRule {
  return (_, s) => s < length;
}

/** Only keys fewer than `width` places away. */
export function windowMask(width: number): MaskRule {
  return (t, s) => Math.abs(t - s) < width;
}

/** The rule written out for T queries and S keys: 1 where query t may attend to key s. */
export function toArray(rule: MaskRule, T: number, S: number): Uint8Array {
  const out = new Uint8Array(T * S);
  for (let t = 0; t < T; t++) {
    for (let s = 0; s < S; s++) {
      out[t * S + s] = rule(t, s) ? 1 : 0;
    }
  }
  return out;
}
