// The laboratory of positions: what a head knows of where a word stands, and what changes when two words change places.
// One front end for Jupyter, Colab and the static page; llmbook.pages.widgets.PositionLab is its other half in Python.

import type { Render } from "@anywidget/types";
import { abortControllerUnder } from "../../controls/abort";
import { button } from "../../controls/button";
import { chips } from "../../controls/chips";
import { codeBlock } from "../../controls/code_block";
import { h } from "../../controls/element";
import { widgetRoot } from "../../controls/root";
import { spokenSentence } from "../../controls/spoken";
import { onThemeChange } from "../../controls/theme";
import { wordsField } from "../../controls/words_field";
import { setText } from "../../controls/write";
import { stateLink } from "../../play/state_link";
import { onTraitsChange, type RenderContext, type Widget } from "../host";
import { curvePicture } from "./curve_picture";
import { PositionLab } from "./lab";
import { fromLink } from "./link";
import { weightsMap } from "./map";
import { curveViewOf, onPaper } from "./paper";
import { prediction } from "./prediction";
import { asCode } from "./python_code";
import { rowTable } from "./row_table";
import { describeCurve, describeSwap, formulaOf } from "./sentences";
import { settings } from "./settings";
import { MOST_WORDS, type Traits } from "./state";
import css from "./style.css";
import { curveTable, weightsTable } from "./tables";

const DRAWN = "Words and projections are random numbers, drawn by the seed. Only the learned table was trained.";

function render({ model, el, signal }: RenderContext<Traits>): () => void {
  const controller = abortControllerUnder(signal);
  const lab = new PositionLab(model, controller.signal);
  const root = widgetRoot({ className: "position-lab", label: "Laboratory of positions", css, signal: lab.signal });
  root.append(...sections(lab));
  onThemeChange(() => lab.draw(), lab.signal);
  onTraitsChange(model, Object.keys(lab.state), () => lab.refresh(), lab.signal);
  el.replaceChildren(root);
  lab.draw();
  return () => controller.abort();
}

function sections(lab: PositionLab): Node[] {
  const predict = prediction(lab);
  const code = codeBlock(() => asCode(lab.state), lab);
  const reset = (): void => {
    predict.restart();
    lab.reset();
  };
  const resetButton = button("Reset", reset, lab.signal);
  return [
    ...sentenceInput(lab),
    ...spokenSentence(() => describeSwap(lab), lab),
    h("div", { class: "buttons" }, predict.button, code.button, resetButton, ...stateLink("position_lab", lab)),
    predict.question,
    settings(lab),
    h("p", { class: "notice" }, DRAWN),
    h("div", { class: "parts" }, weightsMap(lab), curve(lab)),
    ...rowTable(lab),
    weightsTable(lab),
    curveTable(lab),
    code.element,
    onPaper(lab),
  ];
}

/** The reader's words, and the words as buttons: two of them change places. */
function sentenceInput(lab: PositionLab): HTMLElement[] {
  const onWords = (words: string[]): void => lab.change({ text: words.join(" "), swap: [], show: "before" });
  const field = wordsField({ most: MOST_WORDS, onWords, signal: lab.signal });
  const onSelect = (place: number): void => lab.press(place);
  const { element, setWords, press } = chips({ className: "chips queries", onSelect, signal: lab.signal });
  let shown = "";
  lab.onUpdate(() => {
    field.update(lab.words);
    if (shown !== lab.words.join(" ")) setWords(lab.words);
    shown = lab.words.join(" ");
    press(...(lab.picked >= 0 ? [lab.picked] : lab.state.swap));
  });
  return [...field.elements, h("div", {}, "Press two words, and they change places:"), element];
}

function curve(lab: PositionLab): HTMLElement {
  const picture = curvePicture();
  const formula = h("code");
  const said = h("p", { class: "notice" });
  const caption = h("div", { class: "caption" });
  lab.onUpdate(() => {
    picture.draw(curveViewOf(lab));
    const { kind } = lab.state;
    setText(caption, `${kind === "rotary" || kind === "alibi" ? "Score" : "Similarity"} against distance`);
    setText(formula, formulaOf(lab));
    setText(said, describeCurve(lab));
  });
  return h("div", { class: "distance" }, caption, picture.element, formula, said);
}

export default { render, fromLink } satisfies Widget<Traits> & { render: Render<Traits> };
