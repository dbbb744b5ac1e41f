// The field for the reader's own words, sentences to begin with, and what is to be known of the words' vectors.

import { button } from "../../controls/button";
import { h } from "../../controls/element";
import { wordsField } from "../../controls/words_field";
import { MAX_WORDS, toWords, unknownAmong } from "../../core/words";
import type { Lab } from "./lab";
import type { Sentence, WordsSource } from "./state";

export function sentenceInput(lab: Lab, source: WordsSource): HTMLElement[] {
  const onWords = (words: string[]): void => show(lab, words, Math.min(lab.state.row, words.length - 1));
  const { elements, update } = wordsField({ most: MAX_WORDS, onWords, signal: lab.signal });
  lab.onUpdate(() => update(lab.inputs.tokens));
  return [...elements, offers(lab, source), origin(lab, source)];
}

function show(lab: Lab, words: string[], row: number): void {
  lab.change({ text: words.join(" "), edits: [], blocked: [], row, key: 0, n_keys: words.length });
}

function offers(lab: Lab, { sentences }: WordsSource): HTMLElement {
  const offer = ({ name, text, row }: Sentence): HTMLElement =>
    button(name, () => show(lab, toWords(text).words, row), lab.signal);
  return h("div", { class: "buttons" }, ...sentences.map(offer));
}

/** Where the vectors come from: made by hand, for the reason given, or invented. */
function origin(lab: Lab, { sentences, lexicon }: WordsSource): HTMLElement {
  const element = h("p", { class: "notice", role: "status" });
  lab.onTokens(() => {
    const { tokens } = lab.inputs;
    const unknown = unknownAmong(tokens, lexicon).map((word) => `“${word}”`);
    const known = sentences.find(({ text }) => text === tokens.join(" "));
    element.textContent = unknown.length
      ? `Nobody made vectors for ${unknown.join(", ")}: they are invented from the letters.`
      : (known?.reason ?? "");
  });
  return element;
}
