// The field for the reader's own words, and the notice of what was cut from them.

import { h, uniqueId } from "../../controls/element";
import { toWords } from "../../core/words";
import type { Lab } from "./lab";

export function sentenceInput(lab: Lab): HTMLElement[] {
  const id = uniqueId("words");
  const input = h("input", { type: "text", id, maxlength: "2000", autocomplete: "off", spellcheck: "false" });
  const notice = h("p", { class: "notice", role: "status" });

  const onInput = (): void => {
    const parsed = toWords(input.value);
    notice.textContent = parsed.notice;
    if (parsed.words.length === 0) return;
    lab.hiddenRow = -1;
    const row = Math.min(lab.state.row, parsed.words.length - 1);
    lab.change({ text: parsed.words.join(" "), edits: [], blocked: [], row, key: 0, n_keys: parsed.words.length });
  };
  input.addEventListener("input", onInput, { signal: lab.signal });

  // What the reader is typing stays as it is, as long as it means the same words.
  lab.onUpdate(() => {
    const typed = toWords(input.value).words.join(" ");
    if (typed !== lab.inputs.tokens.join(" ")) input.value = lab.state.text;
  });
  return [h("label", { for: id }, "Your words (up to 16)"), input, notice];
}
