// The attention laboratory: scores, scaling, masks and weights under the reader's hands.
// One front end for Jupyter, Colab and the static page; llmbook.pages.widgets.AttentionLab is its other half in Python.

import type { Render } from "@anywidget/types";
import { abortControllerUnder } from "../../controls/abort";
import { button } from "../../controls/button";
import { codeBlock } from "../../controls/code_block";
import { h } from "../../controls/element";
import { widgetRoot } from "../../controls/root";
import { spokenSentence } from "../../controls/spoken";
import { onThemeChange } from "../../controls/theme";
import { onTraitsChange, type RenderContext, type Widget } from "../host";
import { cellPanel } from "./cell_panel";
import { headButtons } from "./head_buttons";
import { Lab } from "./lab";
import { onPaper } from "./paper";
import { prediction } from "./prediction";
import { asCode } from "./python_code";
import { describeQuery } from "./sentence";
import { sentenceInput } from "./sentence_input";
import { settings } from "./settings";
import type { Traits } from "./state";
import { stepTable } from "./step_table";
import css from "./style.css";
import { weightsMap } from "./weights_map";
import { weightsTable } from "./weights_table";
import { keyChips, queryChips } from "./word_chips";

function render({ model, el, signal }: RenderContext<Traits>): () => void {
  const controller = abortControllerUnder(signal);
  const lab = new Lab(model, controller.signal);
  const root = widgetRoot({ className: "attention-lab", label: "Attention laboratory", css, signal: lab.signal });
  root.append(...sections(lab));
  onThemeChange(() => lab.draw(), lab.signal);
  onTraitsChange(model, Object.keys(lab.state), () => lab.refresh(), lab.signal);
  el.replaceChildren(root);
  lab.draw();
  return () => controller.abort();
}

function sections(lab: Lab): Node[] {
  const predict = prediction(lab);
  const code = codeBlock(() => asCode(lab.source, lab.state), lab);
  const reset = (): void => {
    predict.restart();
    lab.reset();
  };
  const effect = h(
    "div",
    { class: "effect" },
    keyChips(lab, predict),
    ...spokenSentence(() => describeQuery(lab), lab),
  );
  const map = h("div", { class: "map" }, ...headButtons(lab), weightsMap(lab, predict));
  return [
    ...(lab.source.kind === "words" ? sentenceInput(lab, lab.source) : []),
    h("div", {}, "Choose the word that looks:"),
    queryChips(lab),
    h("div", {}, "The words it looks at:"),
    effect,
    h("div", { class: "buttons" }, predict.button, code.button, button("Reset", reset, lab.signal), predict.score),
    h("div", { class: "parts" }, cellPanel(lab, effect), map, settings(lab)),
    stepTable(lab).element,
    weightsTable(lab),
    code.element,
    onPaper(lab),
  ];
}

export default { render } satisfies Widget<Traits> & { render: Render<Traits> };
