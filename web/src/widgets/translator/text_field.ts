// The field for a date, examples to take, and what is to be known of the text.

import { h, uniqueId } from "../../controls/element";
import { setText } from "../../controls/write";
import { wellFormed } from "../../core/words";
import type { Desk } from "./desk";
import { LAST_STEP, MOST_CHARACTERS } from "./state";

const OWN = "your own text";

export function textField(desk: Desk): HTMLElement[] {
  const id = uniqueId("text");
  const input = h("input", { id, type: "text", autocomplete: "off", spellcheck: "false", dir: "auto" });
  const notice = h("p", { class: "notice", role: "status" });
  let cut = "";
  const onInput = (): void => {
    const text = input.value.slice(0, MOST_CHARACTERS);
    cut =
      text === input.value ? "" : `Only the first ${MOST_CHARACTERS} of ${input.value.length} characters are kept. `;
    desk.change({ text: wellFormed(text), step: LAST_STEP, beam: 0 });
  };
  input.addEventListener("input", onInput, { signal: desk.signal });
  desk.onUpdate(() => {
    // What the reader is typing stays as it is, as long as it means the same text.
    if (wellFormed(input.value.slice(0, MOST_CHARACTERS)) !== desk.state.text) {
      input.value = desk.state.text;
      cut = "";
    }
    setText(notice, cut);
  });
  return [h("label", { for: id }, "A date in English, or whatever you like"), input, notice, examples(desk)];
}

function examples(desk: Desk): HTMLElement {
  const all = desk.about.examples;
  const options = all.map(([name, text], i) => h("option", { value: String(i) }, text ? `${name}: ${text}` : name));
  const choice = h("select", {}, h("option", { value: "" }, OWN), ...options);
  const onChange = (): void => {
    const [, text] = all[Number(choice.value)] ?? [];
    if (text !== undefined && choice.value !== "") desk.change({ text, step: LAST_STEP, beam: 0 });
  };
  choice.addEventListener("change", onChange, { signal: desk.signal });
  desk.onUpdate(() => {
    const i = all.findIndex(([, text]) => text === desk.state.text);
    choice.value = i < 0 ? "" : String(i);
  });
  return h("label", { class: "control" }, "Examples ", choice);
}
