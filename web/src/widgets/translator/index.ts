// The translator: a date in English, written in Chinese while the reader watches where the decoder looks.
// One front end for Jupyter, Colab and the static page; llmbook.pages.widgets.Translator is its other half in Python.

import type { Render } from "@anywidget/types";
import { abortControllerUnder } from "../../controls/abort";
import { button } from "../../controls/button";
import { codeBlock } from "../../controls/code_block";
import { h } from "../../controls/element";
import { widgetRoot } from "../../controls/root";
import { spokenSentence } from "../../controls/spoken";
import { setAttribute, setText } from "../../controls/write";
import { loading, wakeOnTouch } from "../../play/loading";
import { stateLink } from "../../play/state_link";
import { onTraitsChange, type RenderContext, type Widget } from "../host";
import { alternatives } from "./alternatives";
import { beams } from "./beams";
import { Desk } from "./desk";
import { heads } from "./heads";
import { lines } from "./lines";
import { crossMap } from "./map";
import { onPaper } from "./paper";
import { Player } from "./player";
import { prediction } from "./prediction";
import { asCode } from "./python_code";
import { describe, describeTruth } from "./sentence";
import { settings } from "./settings";
import { fromLink, type Traits } from "./state";
import { stepButtons, stepSliders } from "./steps";
import css from "./style.css";
import { tables } from "./tables";
import { textField } from "./text_field";

function render({ model, el, signal }: RenderContext<Traits>): () => void {
  const controller = abortControllerUnder(signal);
  const desk = new Desk(model, controller.signal);
  const root = widgetRoot({ className: "translator", label: "Translator", css, signal: desk.signal });
  root.append(...sections(desk));
  wakeOnTouch(root, desk.model);
  onTraitsChange(model, Object.keys(desk.state), () => desk.follow(), desk.signal);
  desk.onUpdate(() => setAttribute(root, "aria-busy", String(desk.isBusy)));
  el.replaceChildren(root);
  desk.tell();
  return () => controller.abort();
}

function sections(desk: Desk): Node[] {
  const predict = prediction(desk);
  const code = codeBlock(() => asCode(desk.state, desk.trouble === ""), desk);
  const coming = loading(desk.model);
  desk.onUpdate(coming.update);
  const player = new Player(desk);
  const reset = (): void => {
    predict.restart();
    desk.reset();
  };
  const result = h(
    "div",
    {},
    ...lines(desk, predict.answer),
    h("div", { class: "parts" }, crossMap(desk), h("div", {}, alternatives(desk), beams(desk), heads(desk))),
    h("div", { class: "controls" }, ...stepSliders(desk, player), ...settings(desk)),
  );
  desk.onUpdate(() => {
    result.hidden = desk.shown === null;
  });
  return [
    ...textField(desk),
    coming.element,
    ...spokenSentence(() => describe(desk), desk),
    truth(desk),
    h("div", { class: "buttons" }, ...stepButtons(desk, player), predict.button),
    predict.element,
    result,
    h("div", { class: "buttons" }, code.button, ...stateLink("translator", desk), button("Reset", reset, desk.signal)),
    tables(desk),
    code.element,
    onPaper(desk),
  ];
}

function truth(desk: Desk): HTMLElement {
  const element = h("p", { class: "truth-said" });
  desk.onUpdate(() => setText(element, describeTruth(desk)));
  return element;
}

export default { render, fromLink } satisfies Widget<Traits> & { render: Render<Traits> };
