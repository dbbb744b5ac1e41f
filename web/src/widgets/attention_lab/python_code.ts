// The laboratory's state as the Python call that makes it.

import { pythonList, pythonLiteral } from "../../core/python";
import type { Source, State } from "./state";

export function asCode(source: Source, state: State): string {
  const positional =
    source.kind === "words" ? [pythonLiteral(state.text)] : ["q", "k", "v", "tokens", "key_tokens", "may_attend"];
  const callee = source.kind === "words" ? "AttentionLab" : "AttentionLab.from_tensors";
  const call = `${callee}(${[...positional, ...settings(source, state)].join(", ")})`;
  return `from llmbook.pages import AttentionLab\n\nlab = ${call}\nlab.weights`;
}

/** The keyword arguments: what is not as it would be without them, and the selected query. */
function settings(source: Source, state: State): string[] {
  const { temperature, scaled, d_k, mask, n_keys, window, blocked, edits, head, row } = state;
  const named = source.kind === "tensors" && typeof source.heads[0] === "string";
  const width = source.kind === "words" ? source.w_k[0]?.length : source.width;
  const out: string[] = [];
  if (named) out.push(`heads=${pythonList(source.heads)}`);
  if (temperature !== 1) out.push(`temperature=${temperature}`);
  if (!scaled) out.push("scaled=False");
  if (d_k !== width) out.push(`d_k=${d_k}`);
  if (mask !== "none") out.push(`mask=${pythonLiteral(mask)}`);
  if (mask === "padding") out.push(`n_keys=${n_keys}`);
  if (mask === "window") out.push(`window=${window}`);
  if (blocked.length) out.push(`blocked=${pythonList(blocked)}`);
  if (edits.length) out.push(`edits=${pythonList(edits)}`);
  if (head) out.push(`head=${head}`);
  out.push(`row=${row}`);
  return out;
}
