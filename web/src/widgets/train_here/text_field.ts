// The field for the text that is learned, and what is to be known of it.

import { button } from "../../controls/button";
import { h, uniqueId } from "../../controls/element";
import { setText } from "../../controls/write";
import { tidy } from "../../core/training";
import type { Trainer } from "./trainer";

export function textField(trainer: Trainer): HTMLElement[] {
  const id = uniqueId("text");
  const field = h("textarea", { id, rows: "5", spellcheck: "false", dir: "auto" });
  const notice = h("p", { class: "notice", role: "status" });
  const own = button("The book’s own text", () => trainer.change({ text: null }), trainer.signal);
  let cut = "";
  let known = "";

  const onInput = (): void => {
    const kept = tidy(field.value);
    cut = kept.cut ? `Only the first ${count(kept.text)} of ${field.value.length.toLocaleString("en")} are kept. ` : "";
    if (kept.cut) {
      const caret = field.selectionStart;
      field.value = kept.text; // in a field of a megabyte each key takes seconds
      field.setSelectionRange(caret, caret);
    }
    known = field.value;
    trainer.change({ text: kept.text });
  };
  field.addEventListener("input", onInput, { signal: trainer.signal });

  trainer.onUpdate(() => {
    // What the reader is typing stays as it is, as long as it means the same text.
    if (known !== trainer.text && tidy(known).text !== trainer.text) {
      field.value = trainer.text;
      known = trainer.text;
      cut = "";
    }
    own.hidden = trainer.state.text === null;
    setText(notice, cut + describe(trainer));
  });
  return [h("label", { for: id }, "The text that is learned: paste your own"), field, notice, own];
}

const count = (text: string): string => `${[...text].length.toLocaleString("en")} characters`;

/** How the text is cut, or why it cannot be learned. */
function describe({ known, state }: Trainer): string {
  if (typeof known === "string") return `${known[0]?.toUpperCase()}${known.slice(1)}.`;
  const { letters, train, heldOut, merged } = known.prepared;
  const rare = merged ? ` ${merged} rare ones are read as one sign, “\ufffd”.` : "";
  const whose = state.text === null ? "Washington’s first three messages to Congress: " : "";
  const parts = `${train.length.toLocaleString("en")} characters to learn from and the last ${heldOut.length.toLocaleString("en")} held out`;
  return `${whose}${parts}; ${letters.length} different ones.${rare} Nothing of it leaves this page.`;
}
