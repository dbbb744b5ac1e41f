// Attention of the step: what each head of each layer looks at while the model makes up its mind about the next token.

import { details } from "../../controls/details";
import { h } from "../../controls/element";
import { scrollRegion, table } from "../../controls/table";
import { setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { fullOf, shownAs } from "./candidates";
import type { Desk } from "./desk";
import { headSettings } from "./settings";
import { fillTokens, tokenList } from "./tokens";

export function looks(desk: Desk): HTMLElement {
  const said = h("p");
  const tokens = tokenList();
  const region = scrollRegion("Where the chosen head looks as a table");
  const part = details({
    title: "Where the model looks before the next token",
    children: [...headSettings(desk), said, tokens, region],
    fill: () => {
      const rows = rowsOf(desk);
      const full = fullOf(Math.max(...rows.map(({ weight }) => weight)));
      setText(said, describe(desk, rows, full));
      fillTokens(
        tokens,
        rows.map(({ shown, weight }) => ({ shown, bars: [weight / full] })),
      );
      const texts = rows.map(({ shown, weight }) => [shown, fixed(weight, 3)]);
      region.replaceChildren(table(["key", "weight"], texts));
    },
    signal: desk.signal,
  });
  desk.onUpdate(part.update);
  return part.element;
}

interface Row {
  shown: string;
  weight: number;
}

/** The tokens in sight, which are the keys, with the weight that the last of them, the query, gives to each. */
function rowsOf({ outlook, state, model: { pieces } }: Desk): Row[] {
  const { ids = [], looks: layers = [] } = outlook?.reading ?? {};
  const start = state.head * ids.length;
  const weights = layers[state.layer]?.subarray(start, start + ids.length);
  return ids.map((id, s) => ({ shown: shownAs(pieces[id] ?? "")[0], weight: weights?.[s] ?? 0 }));
}

function describe({ state, outlook }: Desk, rows: Row[], full: number): string {
  const query = rows[rows.length - 1];
  if (!query) return "There is no token to look from yet.";
  const most = rows.reduce((best, row) => (row.weight > best.weight ? row : best));
  const hidden = outlook?.reading.unseen ? ` Only the last ${rows.length} tokens are in sight.` : "";
  return `The query is the last token, “${query.shown}”; the keys are all tokens in sight. Layer ${state.layer}, head ${state.head} gives most to “${most.shown}”: ${fixed(most.weight)}. A full bar is ${full}.${hidden}`;
}
