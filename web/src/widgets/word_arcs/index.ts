// The cover's picture of attention: tap a word, and arcs swell to where it looks. Its data are the laboratory's, and its
// slider is the temperature, since these words have one head and each move of it changes every arc.
// llmbook.pages.widgets.WordArcs is its other half in Python.

import type { Render } from "@anywidget/types";
import { abortControllerUnder } from "../../controls/abort";
import { h } from "../../controls/element";
import { liveRegion } from "../../controls/live_region";
import { captioned, paper } from "../../controls/paper";
import { widgetRoot } from "../../controls/root";
import { slider } from "../../controls/slider";
import { wordElement } from "../../controls/word";
import { setAttribute, setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { labelOf, legible, quoteOf } from "../../core/legible";
import { Lab } from "../attention_lab/lab";
import type { Traits } from "../attention_lab/state";
import { tableOfWeights } from "../attention_lab/weights_table";
import { onTraitsChange, type RenderContext, type Widget } from "../host";
import { arcs } from "./arcs";
import css from "./style.css";

const CAPTION = "How much of its attention each word (row) gives to each word (column)";

function render({ model, el, signal }: RenderContext<Traits>): () => void {
  const controller = abortControllerUnder(signal);
  const lab = new Lab(model, controller.signal);
  const root = widgetRoot({ className: "word-arcs", label: "Where a word looks", css, signal: lab.signal });
  root.append(picture(lab), ...sentence(lab), temperature(lab), onPaper(lab));
  onTraitsChange(model, Object.keys(lab.state), () => lab.refresh(), lab.signal);
  el.replaceChildren(root);
  lab.draw();
  return () => controller.abort();
}

/** The arcs, and under each point its word as a button with its share. */
function picture(lab: Lab): HTMLElement {
  const element = h("div", { class: "picture" });
  let drawn = arcs(0);
  let words: HTMLElement[] = [];
  let shares: HTMLElement[] = [];
  lab.onTokens(() => {
    const { tokens } = lab.inputs;
    drawn = arcs(lab.T);
    words = tokens.map((word, t) => wordElement("button", { type: "button" }, word, labelOf(tokens, t)));
    shares = tokens.map(() => h("span"));
    const columns = tokens.map((_, t) => h("li", {}, words[t] ?? "", shares[t] ?? ""));
    element.style.setProperty("--words", String(lab.T));
    element.replaceChildren(drawn.element, h("ul", {}, ...columns));
  });
  element.addEventListener(
    "click",
    ({ target }) => {
      const row = words.findIndex((word) => target instanceof Node && word.contains(target));
      if (row >= 0) lab.select(row);
    },
    { signal: lab.signal },
  );
  lab.onUpdate(() => {
    const weights = lab.weightsOf(lab.state.row);
    drawn.draw(lab.state.row, weights);
    for (const [t, word] of words.entries()) setAttribute(word, "aria-pressed", String(t === lab.state.row));
    for (const [s, share] of shares.entries()) setText(share, fixed(weights[s] ?? 0));
  });
  return element;
}

function sentence(lab: Lab): HTMLElement[] {
  const element = h("p", { class: "sentence" });
  const live = liveRegion(lab.signal);
  lab.onUpdate(() => {
    const text = describe(lab);
    setText(element, text);
    live.announce(text);
  });
  return [element, live.element];
}

/** The word that the chosen one looks at most, or the words, where several are alike. */
function describe(lab: Lab): string {
  const { tokens } = lab.inputs;
  const shares = Array.from(lab.weightsOf(lab.state.row), (weight) => fixed(weight));
  const most = fixed(Math.max(...lab.weightsOf(lab.state.row)));
  const words = tokens.map((_, s) => quoteOf(tokens, s)).filter((_, s) => shares[s] === most);
  const each = words.length > 1 ? " each" : "";
  return `${quoteOf(tokens, lab.state.row)} looks most at ${words.join(" and ")}: ${most} of its attention${each}.`;
}

function temperature(lab: Lab): HTMLElement {
  const { element, update } = slider((value) => lab.change({ temperature: value }), lab.signal);
  lab.onUpdate(() => {
    const { temperature: value } = lab.state;
    update({
      name: "Temperature: low, one word; high, all alike",
      label: "Temperature",
      range: [0.05, 5, 0.05],
      value,
      text: fixed(value),
    });
  });
  return element;
}

function onPaper(lab: Lab): HTMLElement {
  const print = (): Node[] => {
    const weights = lab.weightsOf(lab.state.row);
    const labels = lab.inputs.tokens.map((word, s) => `${legible(word)[0]} ${fixed(weights[s] ?? 0)}`);
    const drawn = arcs(lab.T, labels);
    drawn.draw(lab.state.row, weights);
    const settings = `Temperature ${fixed(lab.state.temperature)}. ${describe(lab)}`;
    return [
      h("div", { class: "picture" }, drawn.element),
      h("p", {}, settings),
      captioned(CAPTION, tableOfWeights(lab)),
    ];
  };
  return paper(print, lab.signal);
}

export default { render } satisfies Widget<Traits> & { render: Render<Traits> };
