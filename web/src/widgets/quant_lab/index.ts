// The laboratory of grids: real numbers rounded to a few levels, and which grid does it best by which measure.
// One front end for Jupyter, Colab and the static page; llmbook.pages.widgets.QuantLab is its other half in Python.

import type { Render } from "@anywidget/types";
import { abortControllerUnder } from "../../controls/abort";
import { button } from "../../controls/button";
import { codeBlock } from "../../controls/code_block";
import { h } from "../../controls/element";
import { widgetRoot } from "../../controls/root";
import { spokenSentence } from "../../controls/spoken";
import { onThemeChange } from "../../controls/theme";
import { setText } from "../../controls/write";
import { stateLink } from "../../play/state_link";
import { onTraitsChange, type RenderContext, type Widget } from "../host";
import { bars } from "./bars";
import { QuantLab } from "./lab";
import { fromLink } from "./link";
import { percent } from "./names";
import { numbers } from "./numbers";
import { AXES, errorsView, numbersView, onPaper } from "./paper";
import { prediction } from "./prediction";
import { asCode } from "./python_code";
import { describe } from "./sentences";
import { settings } from "./settings";
import type { Traits } from "./state";
import css from "./style.css";
import { everywhereTable, histogramTable, ranking, stripTable } from "./tables";

function render({ model, el, signal }: RenderContext<Traits>): () => void {
  const controller = abortControllerUnder(signal);
  const lab = new QuantLab(model, controller.signal);
  const root = widgetRoot({ className: "quant-lab", label: "Laboratory of grids", css, signal: lab.signal });
  root.append(...sections(lab));
  onThemeChange(() => lab.draw(), lab.signal);
  onTraitsChange(model, Object.keys(lab.state), () => lab.refresh(), lab.signal);
  el.replaceChildren(root);
  lab.draw();
  return () => controller.abort();
}

function sections(lab: QuantLab): Node[] {
  const predict = prediction(lab);
  const code = codeBlock(() => asCode(lab), lab);
  const reset = (): void => {
    predict.restart();
    lab.reset();
  };
  const resetButton = button("Reset", reset, lab.signal);
  return [
    ...spokenSentence(() => describe(lab), lab),
    h("div", { class: "buttons" }, predict.button, code.button, resetButton, ...stateLink("quant_lab", lab)),
    predict.question,
    settings(lab),
    ranking(lab),
    h("div", { class: "parts" }, numbersPicture(lab), errorsPicture(lab)),
    numbers(lab),
    everywhereTable(lab),
    histogramTable(lab),
    stripTable(lab),
    code.element,
    onPaper(lab),
  ];
}

function numbersPicture(lab: QuantLab): HTMLElement {
  const picture = bars(AXES.numbers);
  const said = h("p", { class: "notice" });
  lab.onUpdate(() => {
    picture.draw(numbersView(lab));
    setText(said, describeLevels(lab));
  });
  return h("div", { class: "values" }, h("div", { class: "caption" }, "Where the numbers lie"), picture.element, said);
}

function describeLevels({ reading: { rounded, used, noughts } }: QuantLab): string {
  return `Levels used: ${used} of ${rounded.grid.levels.length}. Become nought: ${percent(noughts)} of the numbers.`;
}

function errorsPicture(lab: QuantLab): HTMLElement {
  const picture = bars(AXES.errors);
  lab.onUpdate(() => picture.draw(errorsView(lab)));
  return h("div", { class: "errors" }, h("div", { class: "caption" }, "How far they move"), picture.element);
}

export default { render, fromLink } satisfies Widget<Traits> & { render: Render<Traits> };
