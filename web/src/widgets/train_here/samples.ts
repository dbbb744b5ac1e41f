// What the model writes as it learns: each behind the first character of the text, the latest first.

import { h } from "../../controls/element";
import { scrollRegion } from "../../controls/table";
import type { Trainer } from "./trainer";

export function samples(trainer: Trainer): HTMLElement[] {
  const list = h("ol", { class: "samples" });
  const region = scrollRegion("What it writes as it learns");
  region.append(list);
  const empty = h("p", { class: "notice" }, "It writes at every tenth of the run.");
  let shown = "";
  trainer.onUpdate(() => {
    const all = trainer.run?.samples ?? [];
    const now = `${trainer.run?.number} ${all.length}`;
    if (now === shown) return;
    shown = now;
    list.replaceChildren(...[...all].reverse().map(item));
    empty.hidden = all.length > 0;
    region.hidden = all.length === 0;
  });
  return [h("div", { class: "caption" }, "What it writes as it learns"), empty, region];
}

/** Line breaks have a sign of their own. */
export const visible = (text: string): string => text.replaceAll("\n", "↵\n");

function item([step, text]: [number, string]): HTMLElement {
  const name = h("span", { class: "step" }, step === 0 ? "untrained" : `step ${step.toLocaleString("en")}`);
  return h("li", {}, name, h("q", { dir: "auto" }, visible(text)));
}
