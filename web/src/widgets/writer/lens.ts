// The logit lens: what the model would say if it ended earlier, after the embedding or after one of its first layers.

import { details } from "../../controls/details";
import { h } from "../../controls/element";
import { scrollRegion, table } from "../../controls/table";
import { fixed } from "../../core/format";
import { shownAs } from "./candidates";
import type { Desk } from "./desk";

const HEADINGS = ["after", "likeliest", "second", "third"];

export function lens(desk: Desk): HTMLElement {
  const region = scrollRegion("What each layer would say as a table");
  const code = h("code", {}, "model.output(model.norm(state)).softmax(-1)");
  const part = details({
    title: "What each layer would say",
    children: [code, region],
    fill: () => region.replaceChildren(table(HEADINGS, rowsOf(desk))),
    signal: desk.signal,
  });
  desk.onUpdate(part.update);
  return part.element;
}

function rowsOf({ outlook, isHidden }: Desk): string[][] {
  const layers = isHidden ? [] : (outlook?.reading.lens ?? []);
  return layers.map((tokens, layer) => [
    layer === 0 ? "the embedding" : `layer ${layer}`,
    ...tokens.map(({ token, probability }) => `${shownAs(token)[0]} ${fixed(probability, 3)}`),
  ]);
}
