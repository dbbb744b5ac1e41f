// The writer: a model of the book goes on from the reader's text, and shows what it could have said.
// One front end for Jupyter, Colab and the static page; llmbook.pages.widgets.Writer is its other half in Python.

import type { Render } from "@anywidget/types";
import { abortControllerUnder } from "../../controls/abort";
import { button } from "../../controls/button";
import { codeBlock } from "../../controls/code_block";
import { h } from "../../controls/element";
import { widgetRoot } from "../../controls/root";
import { setText } from "../../controls/write";
import { loading, wakeOnTouch } from "../../play/loading";
import { stateLink } from "../../play/state_link";
import { onTraitsChange, type RenderContext, type Widget } from "../host";
import { candidates } from "./candidates";
import { Desk } from "./desk";
import { lens } from "./lens";
import { looks } from "./looks";
import { onPaper } from "./paper";
import { prediction } from "./prediction";
import { asCode } from "./python_code";
import { sentence } from "./sentence";
import { settings } from "./settings";
import { fromLink, type Traits } from "./state";
import css from "./style.css";
import { surprises } from "./surprises";
import { textField } from "./text_field";
import { twin } from "./twin";

const MORE = 40; // tokens

function render({ model, el, signal }: RenderContext<Traits>): () => void {
  const controller = abortControllerUnder(signal);
  const desk = new Desk(model, controller.signal);
  const root = widgetRoot({ className: "writer", label: "Writer", css, signal: desk.signal });
  root.append(...sections(desk));
  wakeOnTouch(root, desk.model);
  onTraitsChange(model, Object.keys(desk.state), () => desk.refresh(), desk.signal);
  el.replaceChildren(root);
  desk.tell();
  return () => controller.abort();
}

function sections(desk: Desk): Node[] {
  const predict = prediction(desk);
  const code = codeBlock(() => asCode(desk.model.stored.name, desk.state), desk);
  const coming = loading(desk.model);
  desk.onUpdate(coming.update);
  const reset = (): void => {
    predict.restart();
    desk.reset();
  };
  return [
    ...textField(desk),
    coming.element,
    h("div", { class: "buttons" }, ...drawing(desk), predict.button),
    ...sentence(desk),
    predict.element,
    h("div", { class: "parts" }, h("div", {}, ...candidates(desk)), settings(desk)),
    h("div", { class: "buttons" }, code.button, ...stateLink("writer", desk), button("Reset", reset, desk.signal)),
    looks(desk),
    surprises(desk),
    lens(desk),
    twin(desk),
    code.element,
    onPaper(desk),
  ];
}

/** One token, a hundred that are put back, or a whole piece of text. */
function drawing(desk: Desk): HTMLButtonElement[] {
  const one = button("Draw one", () => desk.write(1), desk.signal);
  const hundred = button("Draw a hundred", () => desk.drawMany(100), desk.signal);
  const toggle = (): void => {
    if (desk.isWriting) desk.stop();
    else desk.write(MORE);
  };
  const more = button("", toggle, desk.signal);
  desk.onUpdate(() => {
    one.disabled = desk.isHidden || desk.isWriting;
    hundred.disabled = desk.isHidden || desk.isWriting;
    more.disabled = desk.isHidden;
    setText(more, desk.isWriting ? "Stop" : `Write ${MORE} more`);
  });
  return [one, hundred, more];
}

export default { render, fromLink } satisfies Widget<Traits> & { render: Render<Traits> };
