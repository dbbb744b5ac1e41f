// The field for the reader's own text, and what is to be known of it.

import { h, uniqueId } from "../../controls/element";
import { setText } from "../../controls/write";
import { wellFormed } from "../../core/words";
import type { Desk } from "./desk";
import { MOST_CHARACTERS } from "./state";

export function textField(desk: Desk): HTMLElement[] {
  const id = uniqueId("text");
  const field = h("textarea", { id, rows: "4", maxlength: String(MOST_CHARACTERS), spellcheck: "false", dir: "auto" });
  const notice = h("p", { class: "notice", role: "status" });
  let cut = "";

  const onInput = (): void => {
    const text = field.value.slice(0, MOST_CHARACTERS);
    cut =
      text === field.value ? "" : `Only the first ${MOST_CHARACTERS} of ${field.value.length} characters are kept. `;
    desk.change({ text: wellFormed(text) });
  };
  field.addEventListener("input", onInput, { signal: desk.signal });

  desk.onUpdate(() => {
    // What the reader is typing stays as it is, as long as it means the same text.
    if (wellFormed(field.value.slice(0, MOST_CHARACTERS)) !== desk.state.text) {
      field.value = desk.state.text;
      cut = "";
    }
    setText(notice, cut + (desk.notice || describeSight(desk)));
  });
  return [h("label", { for: id }, "Your text: the model goes on from its end"), field, notice];
}

/** How much of a long text the model sees. */
function describeSight({ outlook }: Desk): string {
  if (!outlook?.reading.unseen) return "";
  const { ids, unseen } = outlook.reading;
  return `The model sees the last ${ids.length} of the text’s ${ids.length + unseen} tokens.`;
}
