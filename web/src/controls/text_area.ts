// The field for a text of the reader's own, of which only so many characters are kept, and what is to be known of it.

import { wellFormed } from "../core/words";
import { h, uniqueId } from "./element";
import type { Updated } from "./updated";
import { setText } from "./write";

interface TextAreaOptions {
  label: string;
  rows: number;
  most: number;
  /** The text as it is kept. */
  text(): string;
  /** What is to be known of it, beside how it was cut. */
  notice(): string;
  onText(text: string): void;
  owner: Updated;
}

/** The label, the field, and the notice. */
export function textArea({ label, rows, most, text, notice, onText, owner }: TextAreaOptions): HTMLElement[] {
  const id = uniqueId("text");
  const attributes = { id, rows: String(rows), maxlength: String(most), spellcheck: "false", dir: "auto" };
  const field = h("textarea", attributes);
  const told = h("p", { class: "notice", role: "status" });
  let cut = "";

  const onInput = (): void => {
    const kept = field.value.slice(0, most);
    cut = kept === field.value ? "" : `Only the first ${most} of ${field.value.length} characters are kept. `;
    onText(wellFormed(kept));
  };
  field.addEventListener("input", onInput, { signal: owner.signal });

  owner.onUpdate(() => {
    // What the reader is typing stays as it is, as long as it means the same text.
    if (wellFormed(field.value.slice(0, most)) !== text()) {
      field.value = text();
      cut = "";
    }
    setText(told, cut + notice());
  });
  return [h("label", { for: id }, label), field, told];
}
