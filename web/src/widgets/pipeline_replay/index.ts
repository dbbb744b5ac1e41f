// The replay of pipelines: a measured trace of real processes, and what order alone would have made of it.
// One front end for Jupyter, Colab and the static page; llmbook.pages.widgets.PipelineReplay is its other half in Python.

import type { Render } from "@anywidget/types";
import { abortControllerUnder } from "../../controls/abort";
import { button } from "../../controls/button";
import { codeBlock } from "../../controls/code_block";
import { h } from "../../controls/element";
import { widgetRoot } from "../../controls/root";
import { spokenSentence } from "../../controls/spoken";
import { onThemeChange } from "../../controls/theme";
import { stateLink } from "../../play/state_link";
import { onTraitsChange, type RenderContext, type Widget } from "../host";
import { PipelineReplay } from "./lab";
import { fromLink } from "./link";
import { moves } from "./moves";
import { onPaper } from "./paper";
import { picture } from "./picture";
import { prediction } from "./prediction";
import { asCode } from "./python_code";
import { describe } from "./sentences";
import { settings } from "./settings";
import type { Traits } from "./state";
import css from "./style.css";
import { counters, measuredTable, timesTable } from "./tables";

function render({ model, el, signal }: RenderContext<Traits>): () => void {
  const controller = abortControllerUnder(signal);
  const lab = new PipelineReplay(model, controller.signal);
  const root = widgetRoot({ className: "pipeline-replay", label: "Replay of pipelines", css, signal: lab.signal });
  root.append(...sections(lab));
  onThemeChange(() => lab.draw(), lab.signal);
  onTraitsChange(model, Object.keys(lab.state), () => lab.refresh(), lab.signal);
  el.replaceChildren(root);
  lab.draw();
  return () => controller.abort();
}

function sections(lab: PipelineReplay): Node[] {
  const predict = prediction(lab);
  const code = codeBlock(() => asCode(lab), lab);
  const reset = (): void => {
    predict.restart();
    lab.reset();
  };
  const resetButton = button("Reset", reset, lab.signal);
  return [
    ...spokenSentence(() => describe(lab), lab),
    h("div", { class: "buttons" }, predict.button, code.button, resetButton, ...stateLink("pipeline_replay", lab)),
    predict.question,
    settings(lab),
    picture(lab),
    moves(lab),
    counters(lab),
    timesTable(lab),
    measuredTable(lab),
    code.element,
    onPaper(lab),
  ];
}

export default { render, fromLink } satisfies Widget<Traits> & { render: Render<Traits> };
