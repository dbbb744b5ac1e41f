// A graph there and back: values, gradients, and what is held and computed again where only some values are kept.
// One front end for Jupyter, Colab and the static page; llmbook.pages.widgets.BackpropGraph is its other half in Python.

import type { Render } from "@anywidget/types";
import { abortControllerUnder } from "../../controls/abort";
import { button } from "../../controls/button";
import { codeBlock } from "../../controls/code_block";
import { h } from "../../controls/element";
import { widgetRoot } from "../../controls/root";
import { spokenSentence } from "../../controls/spoken";
import { setText } from "../../controls/write";
import { stateLink } from "../../play/state_link";
import { onTraitsChange, type RenderContext, type Widget } from "../host";
import { BackpropLab } from "./lab";
import { fromLink } from "./link";
import { onPaper } from "./paper";
import { picture } from "./picture";
import { prediction } from "./prediction";
import { asCode } from "./python_code";
import { describe } from "./sentences";
import { settings, toggle } from "./settings";
import type { Traits } from "./state";
import { stepping } from "./stepping";
import css from "./style.css";
import { choicesTable, counters, nodesTable, stepsTable } from "./tables";

function render({ model, el, signal }: RenderContext<Traits>): () => void {
  const controller = abortControllerUnder(signal);
  const lab = new BackpropLab(model, controller.signal);
  const root = widgetRoot({ className: "backprop-graph", label: "A graph there and back", css, signal: lab.signal });
  root.append(...sections(lab));
  onTraitsChange(model, Object.keys(lab.state), () => lab.refresh(), lab.signal);
  el.replaceChildren(root);
  lab.draw();
  return () => controller.abort();
}

function sections(lab: BackpropLab): Node[] {
  const predict = prediction(lab);
  const steps = stepping(lab);
  const code = codeBlock(() => asCode(lab), lab);
  const reset = (): void => {
    steps.stop();
    predict.restart();
    lab.reset();
  };
  const resetButton = button("Reset", reset, lab.signal);
  return [
    ...spokenSentence(() => describe(lab), lab),
    steps.element,
    h("div", { class: "parts" }, graphPicture(lab), h("div", {}, settings(lab), counters(lab))),
    h("div", { class: "buttons" }, predict.button, code.button, resetButton, ...stateLink("backprop_graph", lab)),
    predict.question,
    nodesTable(lab),
    stepsTable(lab),
    choicesTable(lab),
    code.element,
    onPaper(lab),
  ];
}

const LEGEND =
  "Solid frame: held in memory. Dashed: not, or no longer (value in brackets). Dot: kept until the way back.";
const LEFT_OUT = " Every step reads w; those arrows are left out.";

function graphPicture(lab: BackpropLab): HTMLElement {
  const { element, draw } = picture(lab, (name) => toggle(lab, name), lab.signal);
  const legend = h("p", { class: "notice" });
  lab.onUpdate(() => {
    draw(lab);
    setText(
      legend,
      `${LEGEND}${lab.state.graph === "chain" ? LEFT_OUT : ""} Press a box between inputs and end to keep its value, or to drop it.`,
    );
  });
  return h("div", { class: "shown" }, element, legend);
}

export default { render, fromLink } satisfies Widget<Traits> & { render: Render<Traits> };
