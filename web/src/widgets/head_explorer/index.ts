// The head explorer: all heads of a model at one sentence, in small and in large, scored, combined and compared.
// One front end for Jupyter, Colab and the static page; llmbook.pages.widgets.HeadExplorer is its other half in Python.

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
import { combining, scoring, sentenceSelect } from "./choices";
import { coming, wakeOnTouch } from "./coming";
import { Explorer } from "./explorer";
import { Game } from "./game";
import { Grid } from "./grid";
import { fromLink } from "./link";
import { weightsMap } from "./map";
import { onPaper } from "./paper";
import { asCode } from "./python_code";
import { describe } from "./sentences";
import { settings } from "./settings";
import type { Traits } from "./state";
import css from "./style.css";
import { headsTable, weightsTable } from "./tables";

function render({ model, el, signal }: RenderContext<Traits>): () => void {
  const controller = abortControllerUnder(signal);
  const explorer = new Explorer(model, controller.signal);
  const root = widgetRoot({ className: "head-explorer", label: "Head explorer", css, signal: explorer.signal });
  root.append(...sections(explorer));
  wakeOnTouch(root, explorer);
  onThemeChange(() => explorer.draw(), explorer.signal);
  onTraitsChange(model, Object.keys(explorer.state), () => explorer.refresh(), explorer.signal);
  el.replaceChildren(root);
  explorer.draw();
  return () => controller.abort();
}

function sections(explorer: Explorer): Node[] {
  const { signal } = explorer;
  const find = new Game(explorer);
  const code = codeBlock(() => asCode(explorer.source, explorer.state), explorer);
  const reset = (): void => {
    find.restart();
    explorer.reset();
  };
  return [
    ...sentenceSelect(explorer),
    h(
      "div",
      { class: "buttons" },
      find.button,
      code.button,
      button("Reset", reset, signal),
      ...stateLink("head_explorer", explorer),
    ),
    find.element,
    coming(explorer),
    scoring(explorer),
    hint(explorer),
    new Grid(explorer).element,
    ...spokenSentence(() => describe(explorer), explorer),
    h("div", { class: "parts" }, weightsMap(explorer), h("div", {}, combining(explorer), settings(explorer))),
    headsTable(explorer),
    weightsTable(explorer),
    code.element,
    onPaper(explorer),
  ];
}

function hint(explorer: Explorer): HTMLElement {
  const element = h("div", {}, "Point at a head, or move with the arrow keys, to see it large. A click keeps it.");
  explorer.onUpdate(() => {
    element.hidden = !explorer.set;
  });
  return element;
}

export default { render, fromLink } satisfies Widget<Traits> & { render: Render<Traits> };
