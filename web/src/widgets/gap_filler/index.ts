// The gap filler: a model of the book names words that are hidden, from the words on both sides of them.
// One front end for Jupyter, Colab and the static page; llmbook.pages.widgets.GapFiller is its other half in Python.

import type { Render } from "@anywidget/types";
import { abortControllerUnder } from "../../controls/abort";
import { button } from "../../controls/button";
import { codeBlock } from "../../controls/code_block";
import { h } from "../../controls/element";
import { widgetRoot } from "../../controls/root";
import { spokenSentence } from "../../controls/spoken";
import { textArea } from "../../controls/text_area";
import { BLANK, MOST_WORDS } from "../../core/gaps";
import { loading, wakeOnTouch } from "../../play/loading";
import { stateLink } from "../../play/state_link";
import { onTraitsChange, type RenderContext, type Widget } from "../host";
import { cards } from "./cards";
import { Desk } from "./desk";
import { onPaper } from "./paper";
import { Prediction } from "./prediction";
import { asCode } from "./python_code";
import { sentenceRow } from "./row";
import { describe, quoted } from "./sentence";
import { sentenceChoice } from "./sentences";
import { settings } from "./settings";
import { fromLink, MOST_CHARACTERS, type Traits } from "./state";
import css from "./style.css";
import { looksTable, wordsTable } from "./tables";

function render({ model, el, signal }: RenderContext<Traits>): () => void {
  const controller = abortControllerUnder(signal);
  const desk = new Desk(model, controller.signal);
  const root = widgetRoot({ className: "gap-filler", label: "Gap filler", css, signal: desk.signal });
  root.append(...sections(desk));
  wakeOnTouch(root, desk.model);
  onTraitsChange(model, Object.keys(desk.state), () => desk.refresh(), desk.signal);
  el.replaceChildren(root);
  desk.tell();
  return () => controller.abort();
}

function sections(desk: Desk): Node[] {
  const predict = new Prediction(desk);
  const code = codeBlock(() => asCode(desk.state), desk);
  const coming = loading(desk.model);
  desk.onUpdate(coming.update);
  const reset = (): void => {
    predict.restart();
    desk.reset();
  };
  return [
    ...sentenceField(desk),
    sentenceChoice(desk),
    coming.element,
    h("p", { class: "hint" }, "Press a word to hide it, and again to have it back:"),
    sentenceRow(desk),
    h("div", { class: "buttons" }, predict.button),
    ...spokenSentence(() => describe(desk), desk),
    predict.element,
    settings(desk),
    ...cards(desk),
    h("div", { class: "buttons" }, code.button, ...stateLink("gap_filler", desk), button("Reset", reset, desk.signal)),
    wordsTable(desk),
    looksTable(desk),
    code.element,
    h("p", { class: "notice" }, desk.opening.about),
    onPaper(desk),
  ];
}

function sentenceField(desk: Desk): HTMLElement[] {
  return textArea({
    label: `Your sentence, up to ${MOST_WORDS} words; ${BLANK} is a gap`,
    rows: 2,
    most: MOST_CHARACTERS,
    text: () => desk.state.text,
    notice: () => noticeOf(desk),
    onText: (text) => desk.type(text),
    owner: desk,
  });
}

/** What the model cannot read of the sentence. */
function noticeOf(desk: Desk): string {
  const { all, words, trouble } = desk;
  const unknown = [...new Set(words.filter((_, place) => !desk.knows(place) && desk.seen[place] !== null))];
  const there = unknown.length === 1 ? "there" : "in their places";
  return [
    ...(trouble ? [trouble] : []),
    ...(all.length > words.length ? [`Only the first ${MOST_WORDS} of ${all.length} words are read.`] : []),
    ...(words.length === 0 ? ["There is no word yet: type something."] : []),
    ...(unknown.length ? [`The model does not know ${unknown.map(quoted).join(", ")}: it sees [UNK] ${there}.`] : []),
  ].join(" ");
}

export default { render, fromLink } satisfies Widget<Traits> & { render: Render<Traits> };
