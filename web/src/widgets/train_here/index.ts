// A small GPT learns the reader's own text, on the page.
// One front end for Jupyter, Colab and the static page; llmbook.pages.widgets.TrainHere is its other half in Python.

import type { Render } from "@anywidget/types";
import { abortControllerUnder } from "../../controls/abort";
import { button } from "../../controls/button";
import { codeBlock } from "../../controls/code_block";
import { h } from "../../controls/element";
import { widgetRoot } from "../../controls/root";
import { onThemeChange } from "../../controls/theme";
import { onTraitsChange, type RenderContext, type Widget } from "../host";
import { attentionMap } from "./attention_map";
import { runButtons } from "./buttons";
import { figure } from "./chart";
import { keptRuns } from "./kept_runs";
import { fromLink, trainerLink } from "./link";
import { onPaper } from "./paper";
import { prediction } from "./prediction";
import { asCode } from "./python_code";
import { samples } from "./samples";
import { sentence } from "./sentence";
import { settings } from "./settings";
import type { Traits } from "./state";
import css from "./style.css";
import { lossTable } from "./tables";
import { textField } from "./text_field";
import { Trainer } from "./trainer";

function render({ model, el, signal }: RenderContext<Traits>): () => void {
  const controller = abortControllerUnder(signal);
  const trainer = new Trainer(model, controller.signal);
  const root = widgetRoot({ className: "train-here", label: "Train here", css, signal: trainer.signal });
  root.append(...sections(trainer));
  onThemeChange(() => trainer.tell(), trainer.signal);
  onTraitsChange(model, Object.keys(trainer.state), () => trainer.refresh(), trainer.signal);
  el.replaceChildren(root);
  trainer.tell();
  return () => controller.abort();
}

function sections(trainer: Trainer): Node[] {
  const predict = prediction(trainer);
  const code = codeBlock(() => asCode(trainer), trainer);
  const reset = async (): Promise<void> => {
    predict.restart();
    await trainer.reset();
  };
  const others = [
    ...trainerLink(trainer),
    code.button,
    ...forgetGhost(trainer),
    button("Reset", reset, trainer.signal),
  ];
  return [
    ...textField(trainer),
    settings(trainer),
    h("div", { class: "buttons" }, ...runButtons(trainer), predict.button),
    predict.element,
    ...sentence(trainer),
    figure(trainer),
    h("div", { class: "parts" }, h("div", {}, ...samples(trainer)), attentionMap(trainer)),
    h("div", { class: "buttons" }, ...others),
    lossTable(trainer),
    keptRuns(trainer),
    code.element,
    onPaper(trainer),
  ];
}

function forgetGhost(trainer: Trainer): HTMLElement[] {
  const element = button("Let the ghost go", () => trainer.forgetGhost(), trainer.signal);
  trainer.onUpdate(() => {
    element.hidden = trainer.ghost === null;
  });
  return [element];
}

export default { render, fromLink } satisfies Widget<Traits> & { render: Render<Traits> };
