// The field for the reader's own words, and what is to be known of how they were cut.

import { toWords } from "../core/words";
import { h, uniqueId } from "./element";

interface WordsFieldOptions {
  most: number;
  onWords(words: string[]): void;
  signal: AbortSignal;
}

export interface WordsField {
  /** The label, the field, and the notice. */
  elements: HTMLElement[];
  /** What the reader is typing stays as it is, as long as it means these words. */
  update(words: string[]): void;
}

export function wordsField({ most, onWords, signal }: WordsFieldOptions): WordsField {
  const id = uniqueId("words");
  const input = h("input", { type: "text", id, maxlength: "2000", autocomplete: "off", spellcheck: "false" });
  const notice = h("p", { class: "notice", role: "status" });
  const onInput = (): void => {
    const parsed = toWords(input.value, most);
    notice.textContent = parsed.notice;
    if (parsed.words.length > 0) onWords(parsed.words);
  };
  input.addEventListener("input", onInput, { signal });

  function update(words: string[]): void {
    const text = words.join(" ");
    if (toWords(input.value, most).words.join(" ") === text) return;
    input.value = text;
    notice.textContent = "";
  }
  return { elements: [h("label", { for: id }, `Your words (up to ${most})`), input, notice], update };
}
