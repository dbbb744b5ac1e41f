// The field for the reader's own words, sentences to begin with, and what is to be known of the words' vectors.

import { button } from "../../controls/button";
import { h, uniqueId } from "../../controls/element";
import { toWords, unknownAmong } from "../../core/words";
import type { Lab } from "./lab";
import type { Sentence, WordsSource } from "./state";

export function sentenceInput(lab: Lab, source: WordsSource): HTMLElement[] {
  const id = uniqueId("words");
  const input = h("input", { type: "text", id, maxlength: "2000", autocomplete: "off", spellcheck: "false" });
  const notice = h("p", { class: "notice", role: "status" });

  const onInput = (): void => {
    const parsed = toWords(input.value);
    notice.textContent = parsed.notice;
    if (parsed.words.length > 0) show(lab, parsed.words, Math.min(lab.state.row, parsed.words.length - 1));
  };
  input.addEventListener("input", onInput, { signal: lab.signal });

  // What the reader is typing stays as it is, as long as it means the same words.
  lab.onUpdate(() => {
    const typed = toWords(input.value).words.join(" ");
    if (typed === lab.inputs.tokens.join(" ")) return;
    input.value = lab.state.text;
    notice.textContent = "";
  });
  return [h("label", { for: id }, "Your words (up to 16)"), input, notice, offers(lab, source), origin(lab, source)];
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
