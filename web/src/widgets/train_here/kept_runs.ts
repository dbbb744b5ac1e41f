// The runs that were done, as a table: to be copied, or forgotten.

import { button } from "../../controls/button";
import { copyButton } from "../../controls/copy_button";
import { details } from "../../controls/details";
import { h } from "../../controls/element";
import { scrollRegion, table } from "../../controls/table";
import { setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { asJson, type EndPoint, endPoints, forgetEndPoints, keepEndPoint } from "./end_points";
import type { Trainer } from "./trainer";

const NOTE = "Each run that comes to its end is kept in this browser, without its text, and nowhere else.";
const HEADINGS = ["run", "parameters", "steps", "characters seen", "held out", "counting pairs", "settings"];

export function keptRuns(trainer: Trainer): HTMLElement {
  const region = scrollRegion("Runs that were done");
  const [json, python] = [codeOf("The runs as JSON"), codeOf("The runs as Python")];
  const show = (code?: HTMLElement) => (): void => {
    json.hidden = code !== json;
    python.hidden = code !== python;
  };
  const forgetAll = (): void => {
    forgetEndPoints();
    show()();
    part.update();
    part.element.querySelector("summary")?.focus(); // the button that was pressed can no longer be
  };
  const buttons = [
    copyButton(json, show(json), trainer.signal, "Copy as JSON"),
    copyButton(python, show(python), trainer.signal, "Copy as Python"),
    button("Forget them", forgetAll, trainer.signal),
  ];
  const fill = (): void => {
    const all = endPoints();
    region.replaceChildren(all.length ? table(HEADINGS, all.map(rowOf)) : h("p", {}, "There are none yet."));
    setText(json, asJson(all));
    setText(python, `runs = ${JSON.stringify(all)}`);
    for (const one of buttons) one.disabled = all.length === 0;
  };
  const row = h("div", { class: "buttons" }, ...buttons);
  const children = [h("p", { class: "notice" }, NOTE), region, row, json, python];
  const part = details({ title: "Runs that were done", children, fill, signal: trainer.signal });
  show()();
  keepEnds(trainer, part.update);
  return part.element;
}

const codeOf = (label: string): HTMLElement => h("pre", { tabindex: "0", role: "group", "aria-label": label });

/** Keep the end of each run, once. */
function keepEnds(trainer: Trainer, onKept: () => void): void {
  let kept = 0;
  trainer.onReport((run) => {
    if (run.step < run.settings.steps || run.number === kept) return;
    kept = run.number;
    keepEndPoint(run);
    onKept();
  });
}

function rowOf(point: EndPoint, i: number): string[] {
  const { parameters, steps, characters, held_out, bigram, settings } = point;
  const { lr, d_model, n_heads, n_layers, length, seed } = settings;
  const counts = [parameters, steps, characters].map((count) => count.toLocaleString("en"));
  const told = `rate ${lr}, width ${d_model}, heads ${n_heads}, layers ${n_layers}, length ${length}, seed ${seed}`;
  return [String(i + 1), ...counts, fixed(held_out, 3), fixed(bigram, 3), told];
}
