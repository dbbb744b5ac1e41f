// Attention under the laboratory's settings: which mask is in force, what divides the scores.

import { type Attention, attention, scores } from "../../core/attention";
import { causalMask, type MaskRule, noMask, paddingMask, toArray, windowMask } from "../../core/mask";
import type { Inputs } from "./inputs";
import type { State } from "./state";

/** 1 where query t may attend to key s: the selected mask, the mask the tensors came with, and the blocked cells. */
export function mayAttend(state: State, T: number, S: number, sourceMask: number[][] | null): Uint8Array {
  const out = toArray(maskRule(state, T, S), T, S);
  for (const [t, allowed] of (sourceMask ?? []).entries()) {
    for (const [s, bit] of allowed.entries()) {
      if (!bit) out[t * S + s] = 0;
    }
  }
  for (const [t, s] of state.blocked) {
    if (t < T && s < S) out[t * S + s] = 0;
  }
  return out;
}

function maskRule(state: State, T: number, S: number): MaskRule {
  switch (state.mask) {
    case "none":
      return noMask;
    case "causal":
      return causalMask(T, S);
    case "padding":
      return paddingMask(state.n_keys);
    case "window":
      return windowMask(state.window);
    default:
      return () => false; // a name the types do not know: a page's JSON is not checked
  }
}

/** What the scores are divided by: √d_k if scaled, times the temperature. */
export function divisor(state: State): number {
  return (state.scaled ? Math.sqrt(state.d_k) : 1) * state.temperature;
}

/** Scores, scaled scores, mask, weights and outputs; `raw` are the scores, if they are there already. */
export function attend({ q, k, v, sourceMask }: Inputs, state: State, raw = scores(q, k)): Attention {
  return attention(raw, v, mayAttend(state, q.rows, k.rows, sourceMask), divisor(state));
}
