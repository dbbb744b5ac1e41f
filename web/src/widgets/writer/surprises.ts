// How surprising each token of the text was to the model: a bar under each, and the same as a table.

import { details } from "../../controls/details";
import { h } from "../../controls/element";
import { scrollRegion, table } from "../../controls/table";
import { wordElement } from "../../controls/word";
import { fixed } from "../../core/format";
import { shownAs } from "./candidates";
import type { Desk } from "./desk";

const FULL_BAR = 8; // nats

export function surprises(desk: Desk): HTMLElement {
  const mean = h("p");
  const tokens = h("ol", { class: "chips tokens" });
  const region = scrollRegion("Surprise of each token as a table");
  const part = details({
    title: "How surprising your text is, token by token",
    children: [mean, tokens, region],
    fill: () => {
      const rows = rowsOf(desk);
      mean.textContent = describe(rows.map(({ nats }) => nats));
      tokens.replaceChildren(...rows.map(tokenOf));
      const texts = rows.map(({ piece, nats }) => [piece, Number.isNaN(nats) ? "–" : fixed(nats)]);
      region.replaceChildren(table(["token", "nats"], texts));
    },
    signal: desk.signal,
  });
  desk.onUpdate(part.update);
  return part.element;
}

interface Row {
  piece: string;
  nats: number;
}

function rowsOf({ outlook, model: { pieces } }: Desk): Row[] {
  const { ids = [], surprises: nats = [] } = outlook?.reading ?? {};
  return ids.map((id, t) => ({ piece: shownAs(pieces[id] ?? "")[0], nats: nats[t - 1] ?? Number.NaN }));
}

function describe(all: number[]): string {
  const nats = all.filter((value) => !Number.isNaN(value));
  if (nats.length === 0) return "There are not two tokens to compare yet.";
  const mean = nats.reduce((sum, value) => sum + value, 0) / nats.length;
  return `On average ${fixed(mean)} nats a token; of the first the model has nothing to go by. The longer the bar, the greater the surprise.`;
}

function tokenOf({ piece, nats }: Row): HTMLElement {
  const element = wordElement("li", { class: "token" }, piece);
  element.style.setProperty("--w", fixed(Math.min(1, (nats || 0) / FULL_BAR)));
  return element;
}
