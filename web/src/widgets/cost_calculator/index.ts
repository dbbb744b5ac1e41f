// The calculator of costs: operations, memory, time, energy and money of a model, and what the reader's machine can do.
// One front end for Jupyter, Colab and the static page; llmbook.pages.widgets.CostCalculator is its other half in Python.

import type { Render } from "@anywidget/types";
import { abortControllerUnder } from "../../controls/abort";
import { button } from "../../controls/button";
import { codeBlock } from "../../controls/code_block";
import { h } from "../../controls/element";
import { widgetRoot } from "../../controls/root";
import { spokenSentence } from "../../controls/spoken";
import { NAMES } from "../../core/costs";
import { stateLink } from "../../play/state_link";
import { onTraitsChange, type RenderContext, type Widget } from "../host";
import { CostCalculator } from "./lab";
import { fromLink } from "./link";
import { machine } from "./machine";
import { onPaper } from "./paper";
import { pictureOf } from "./picture";
import { prediction } from "./prediction";
import { asCode } from "./python_code";
import { batchTable, results } from "./results";
import { describe } from "./sentences";
import { settings } from "./settings";
import type { Traits } from "./state";
import css from "./style.css";

function render({ model, el, signal }: RenderContext<Traits>): () => void {
  const controller = abortControllerUnder(signal);
  const lab = new CostCalculator(model, controller.signal);
  const root = widgetRoot({ className: "cost-calculator", label: "Calculator of costs", css, signal: lab.signal });
  root.append(...sections(lab));
  onTraitsChange(model, [...NAMES], () => lab.refresh(), lab.signal);
  el.replaceChildren(root);
  lab.draw();
  return () => controller.abort();
}

function sections(lab: CostCalculator): Node[] {
  const predict = prediction(lab);
  const code = codeBlock(() => asCode(lab), lab);
  const reset = (): void => {
    predict.restart();
    lab.reset();
  };
  const resetButton = button("Reset", reset, lab.signal);
  return [
    ...spokenSentence(() => describe(lab), lab),
    h("div", { class: "buttons" }, predict.button, code.button, resetButton, ...stateLink("cost_calculator", lab)),
    predict.question,
    settings(lab),
    h("div", { class: "parts" }, results(lab), h("div", {}, pictureOf(lab), machine(lab))),
    batchTable(lab),
    code.element,
    onPaper(lab),
  ];
}

export default { render, fromLink } satisfies Widget<Traits> & { render: Render<Traits> };
